"""The permission flags that a role may hold: rights to change settings, and rights to use tools."""

from collections.abc import Mapping
from uuid import UUID, uuid5

from msgspec import Struct

_NAMESPACE = UUID("5f0c1c86-6f2b-5d0e-9a5e-0c1a3f3f5a60")


class Flag(Struct, frozen=True):
    """One flag. `can_update_all_settings` of a role stands for all of settings, `can_access_all_tools` for tools."""

    key: str
    label: str
    description: str
    icon: str
    is_tool: bool = False

    @property
    def id(self) -> UUID:
        """What the flag is known by in every workspace."""
        return uuid5(_NAMESPACE, self.key)


_SETTINGS = (
    Flag("API_KEYS_AND_WEBHOOKS", "API keys & webhooks", "Manage API keys and webhooks", "IconCode"),
    Flag("WORKSPACE", "Workspace", "Change the name and the settings of the workspace", "IconSettings"),
    Flag("WORKSPACE_MEMBERS", "Members", "Invite members and remove them", "IconUsers"),
    Flag("ROLES", "Roles", "Manage roles and who has them", "IconLockOpen"),
    Flag("DATA_MODEL", "Data model", "Change objects, fields and indexes", "IconHierarchy"),
    Flag("SECURITY", "Security", "Decide how people may sign in", "IconKey"),
    Flag("WORKFLOWS", "Workflows", "Manage workflows", "IconSettingsAutomation"),
    Flag("IMPERSONATE", "Impersonation", "Act in the place of another member", "IconUserShare"),
    Flag("SSO_BYPASS", "Sign-on bypass", "Sign in without the single sign-on", "IconKeyOff"),
    Flag("APPLICATIONS", "Applications", "Install applications and remove them", "IconApps"),
    Flag("MARKETPLACE_APPS", "Marketplace", "Install applications of the marketplace", "IconBuildingStore"),
    Flag("LAYOUTS", "Layouts", "Arrange pages and navigation", "IconLayout"),
    Flag("BILLING", "Billing", "See and change the subscription", "IconCreditCard"),
    Flag("AI_SETTINGS", "AI settings", "Set up agents and models", "IconSparkles"),
)
_TOOLS = (
    Flag("AI", "AI", "Ask the assistant", "IconSparkles", True),
    Flag("VIEWS", "Views", "Make views for the whole workspace", "IconLayoutList", True),
    Flag("UPLOAD_FILE", "Upload files", "Upload files", "IconUpload", True),
    Flag("DOWNLOAD_FILE", "Download files", "Download files", "IconDownload", True),
    Flag("SEND_EMAIL_TOOL", "Send e-mail", "Send e-mail", "IconMail", True),
    Flag("CREATE_CALENDAR_EVENT_TOOL", "Calendar events", "Create calendar events", "IconCalendarPlus", True),
    Flag("HTTP_REQUEST_TOOL", "HTTP requests", "Have HTTP requests made", "IconWorld", True),
    Flag("CODE_INTERPRETER_TOOL", "Code interpreter", "Have code run", "IconTerminal", True),
    Flag("IMPORT_CSV", "Import CSV", "Import records from CSV files", "IconFileImport", True),
    Flag("EXPORT_CSV", "Export CSV", "Export records to CSV files", "IconFileExport", True),
    Flag("CONNECTED_ACCOUNTS", "Connected accounts", "Connect mail and calendar accounts", "IconAt", True),
    Flag("PROFILE_INFORMATION", "Profile", "Change one's own profile", "IconUserCircle", True),
)

FLAGS: Mapping[str, Flag] = {flag.key: flag for flag in (*_SETTINGS, *_TOOLS)}
"""All flags by their keys, in the order in which they are listed."""

SETTINGS = frozenset(flag.key for flag in _SETTINGS)
TOOLS = frozenset(flag.key for flag in _TOOLS)
