"""The permission flags as people read them: `threescore.access.flags` speaks English, to the APIs."""

from collections.abc import Mapping

from threescore.web.language import gettext as _


def flag_texts() -> Mapping[str, tuple[str, str]]:
    """What each flag is called, and what it allows, in the language of the request."""
    return {
        "API_KEYS_AND_WEBHOOKS": (_("API keys & webhooks"), _("Manage API keys and webhooks")),
        "WORKSPACE": (_("Workspace"), _("Change the name and the settings of the workspace")),
        "WORKSPACE_MEMBERS": (_("Members"), _("Invite members and remove them")),
        "ROLES": (_("Roles"), _("Manage roles and who has them")),
        "DATA_MODEL": (_("Data model"), _("Change objects, fields and indexes")),
        "SECURITY": (_("Security"), _("Decide how people may sign in")),
        "WORKFLOWS": (_("Workflows"), _("Manage workflows")),
        "IMPERSONATE": (_("Impersonation"), _("Act in the place of another member")),
        "SSO_BYPASS": (_("Sign-on bypass"), _("Sign in without the single sign-on")),
        "APPLICATIONS": (_("Applications"), _("Install applications and remove them")),
        "MARKETPLACE_APPS": (_("Marketplace"), _("Install applications of the marketplace")),
        "LAYOUTS": (_("Layouts"), _("Arrange pages and navigation")),
        "BILLING": (_("Billing"), _("See and change the subscription")),
        "AI_SETTINGS": (_("AI settings"), _("Set up agents and models")),
        "AI": (_("AI"), _("Ask the assistant")),
        "VIEWS": (_("Views"), _("Make views for the whole workspace")),
        "UPLOAD_FILE": (_("Upload files"), _("Upload files")),
        "DOWNLOAD_FILE": (_("Download files"), _("Download files")),
        "SEND_EMAIL_TOOL": (_("Send e-mail"), _("Send e-mail")),
        "CREATE_CALENDAR_EVENT_TOOL": (_("Calendar events"), _("Create calendar events")),
        "HTTP_REQUEST_TOOL": (_("HTTP requests"), _("Have HTTP requests made")),
        "CODE_INTERPRETER_TOOL": (_("Code interpreter"), _("Have code run")),
        "IMPORT_CSV": (_("Import CSV"), _("Import records from CSV files")),
        "EXPORT_CSV": (_("Export CSV"), _("Export records to CSV files")),
        "CONNECTED_ACCOUNTS": (_("Connected accounts"), _("Connect mail and calendar accounts")),
        "PROFILE_INFORMATION": (_("Profile"), _("Change one's own profile")),
    }
