"""What ships for authors of hosts and bureau gateways: strategies, the bureau simulator."""
