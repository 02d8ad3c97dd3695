"""Which operations answer without a token of a workspace. All others are refused to whoever has none."""

PUBLIC = frozenset(
    {
        "__typename",
        "challenge",
        "checkUserExists",
        "checkWorkspaceInviteHashIsValid",
        "emailPasswordResetLink",
        "findWorkspaceFromInviteHash",
        "getAuthTokensFromLoginToken",
        "getAuthTokensFromOTP",
        "getLoginTokenFromCredentials",
        "getPublicWorkspaceDataByDomain",
        "renewToken",
        "resendEmailVerificationToken",
        "signIn",
        "signOut",
        "signUp",
        "signUpInWorkspace",
        "updatePasswordViaResetToken",
        "validatePasswordResetToken",
        "verify",
        "verifyEmailAndGetLoginToken",
        "verifyEmailAndGetWorkspaceAgnosticToken",
    }
)
"""What anybody may ask for. A token that comes along and is none is overlooked: clients send old ones."""

OF_PERSON = frozenset({"__typename", "currentUser", "signOut", "signUpInNewWorkspace"})
"""What a person may ask for who is signed in, but in no workspace yet."""

SESSION_ONLY = frozenset(
    {
        "activateWorkspace",
        "assignRoleToApiKey",
        "createApiKey",
        "deleteCurrentWorkspace",
        "deleteUser",
        "deleteUserFromWorkspace",
        "deleteWorkspaceInvitation",
        "generateApiKeyToken",
        "regenerateApiKeyToken",
        "resendWorkspaceInvitation",
        "revokeApiKey",
        "sendInvitations",
        "updateApiKey",
        "updatePassword",
        "updateWorkspaceMemberRole",
    }
)
"""What the token of a playground does not open, though it acts as the person: what lasts longer than it does."""
