"""What a screen's author needs: labels, tables, forms, filters. Pure: no web or terminal library.

Texts are Portuguese, for operators; keys are English and stable. The command line is built on it.
"""

from credit_protection.domain.parsing import parse_amount, parse_day
from credit_protection.ui.filters import (
    negativation_filter,
    next_page_query,
    overdue_filter,
    page_request,
)
from credit_protection.ui.findings import GroupedFindings, findings_table, group_findings
from credit_protection.ui.formats import format_value, mask_document
from credit_protection.ui.forms import FieldKind, FormField, parameter_fields, product_input_fields
from credit_protection.ui.labels import act_label, code_for, label_for
from credit_protection.ui.settings import SETTING_FIELDS, SettingField, change_settings, setting_values
from credit_protection.ui.tables import (
    Column,
    Record,
    Row,
    Table,
    alarms_table,
    audit_table,
    history_table,
    integration_record,
    integrations_table,
    make_columns,
    make_row,
    natures_table,
    negativation_record,
    negativations_table,
    overdue_invoices_table,
    products_table,
    queries_table,
    query_record,
    removal_queue_table,
)

__all__ = [
    "SETTING_FIELDS",
    "Column",
    "FieldKind",
    "FormField",
    "GroupedFindings",
    "Record",
    "Row",
    "SettingField",
    "Table",
    "act_label",
    "alarms_table",
    "audit_table",
    "change_settings",
    "code_for",
    "findings_table",
    "format_value",
    "group_findings",
    "history_table",
    "integration_record",
    "integrations_table",
    "label_for",
    "make_columns",
    "make_row",
    "mask_document",
    "natures_table",
    "negativation_filter",
    "negativation_record",
    "negativations_table",
    "next_page_query",
    "overdue_filter",
    "overdue_invoices_table",
    "page_request",
    "parameter_fields",
    "parse_amount",
    "parse_day",
    "product_input_fields",
    "products_table",
    "queries_table",
    "query_record",
    "removal_queue_table",
    "setting_values",
]
