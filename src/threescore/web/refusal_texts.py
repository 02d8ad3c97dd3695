"""What services say when they refuse, as templates with names for what differs, by what it is about.

The services themselves say it in English, as the APIs do; a test holds each template against what they really say, and
names what they say and is not here. Of two templates that fit a message, the first one counts.
"""


def _(message: str) -> str:
    """Marks a message for the catalogues, without translating it yet."""
    return message


OF_ALL = (
    _("%(name)s should not be empty"),
    _("%(name)s must be shorter than or equal to %(limit)s characters"),
)
"""What any service may say of what it is given."""

OF_ROLES = (
    _("A role with this label already exists."),
    _("Cannot give writing permission without reading permission"),
    _("Cannot give writing permission on %(objects)s, which are not readable"),
    _("The default role is for new members: choose another default role first"),
    _("The default role cannot be deleted; choose another default role first"),
    _("This role cannot be modified because it is a system role. Only custom roles can be edited."),
    _("Entity performing the request does not have permission"),
    _("Entity performing the request does not have permission: your own role would lose the right to change roles"),
    _(
        'Entity performing the request does not have permission: the role "%(role)s" allows '
        "%(right)s, which your own does not"
    ),
    _("A row rule must hold a condition; this one would hide nothing"),
)
"""Roles, and what nobody may give who does not have it."""

OF_FILTERS = (
    _("'filter' invalid for '%(part)s'. eg: price[gte]:10"),
    _("'filter' invalid. %(count)s close bracket is missing in the query"),
    _("'filter' invalid. %(count)s open bracket is missing in the query"),
    _("'filter' invalid for '%(part)s', comparator %(word)s not in %(known)s"),
    _('Object %(object)s doesn\'t have any "%(field)s" field.'),
    _('Invalid number value %(value)s for field "%(field)s"'),
    _('Sub field "%(field)s" not found for composite type: %(type)s'),
    _("A filter must be an object of fields and conditions"),
    _("A filter may be nested at most %(count)s levels deep"),
    _('A filter may hold at most %(count)s conditions; use "in" for lists of values'),
    _("A filter may hold at most %(count)s conditions on lists of related records"),
    _("A filter may hold at most %(count)s regular expressions"),
    _("Relation filter nesting deeper than 1 hop is not supported"),
    _('A filter on the composite field "%(field)s" must name one of its sub-fields'),
    _('A filter on field "%(field)s" must be an operator with a value, as in {"eq": …}'),
    _('Filter for field "%(field)s" must have exactly one operator'),
    _('Invalid filter value for "is" operator. Expected "NULL" or "NOT_NULL"'),
    _(
        'Operator "containsAny" is not valid for field "%(field)s" of type %(type)s - a field with one value can be '
        'compared with "in"'
    ),
    _('Operator "%(word)s" is not valid for field "%(field)s" of type %(type)s - Allowed operators: %(known)s'),
    _('Filter operator "%(word)s" requires an array value for field %(field)s'),
    _("Invalid filter value for field %(field)s. Expected non-empty array"),
    _('Filter operator "%(word)s" requires a string value for field "%(field)s", got %(kind)s'),
    _('The regular expression of "%(word)s" for field "%(field)s" has %(count)s characters; %(most)s is the most'),
    _(
        'The regular expression of "%(word)s" for field "%(field)s" refers back to a part of itself (%(part)s), which '
        "is not supported"
    ),
)
"""Filters: rules for records, those of webhooks, and those of the grid."""

OF_MODEL = (
    _("%(name)s must be a string"),
    _("Object label is too short"),
    _("Object label is too long"),
    _("The singular and plural names cannot be the same for an object"),
    _("Object already exists"),
    _("Names are not synced with labels"),
    _("Name is too long"),
    _("Name is too short"),
    _("Name is not valid: it must start with lowercase letter and contain only alphanumeric letters"),
    _("Name should be in camelCase"),
    _('This name is reserved. Use a different name or the system will add "Custom" suffix.'),
    _("Label is too short"),
    _("Label is too long"),
    _('Invalid label: "%(label)s"'),
    _('Name "%(name)s" is not synced with label "%(label)s"'),
    _('Name "%(name)s" is not available as it is already used by another field'),
    _('Name "%(name)s" is not available as it is already used by join column name'),
    _('Name "%(name)s" is not available'),
    _("Fields of type %(type)s cannot have a default value"),
    _("%(type)s fields cannot be unique."),
    _("%(type)s fields cannot have a default value."),
    _("The label identifier field is always searchable"),
    _("Label identifier field cannot be deactivated"),
    _("Cannot delete, please update the label identifier field first"),
    _("Field %(name)s cannot be the label identifier"),
    _("Default value cannot be null for non-nullable fields"),
    _("Fields of type %(type)s cannot be searched"),
    _("The object of the field is not searchable"),
    _("System fields cannot be updated"),
    _("System fields cannot be deleted"),
    _('Cannot delete standard field "%(field)s"'),
    _("%(kind)s objects cannot be deleted"),
    _("System objects cannot be updated directly: only their labels, description, icon, color and isActive"),
    _("Options are required for enum fields"),
    _("A field has at most %(count)s options"),
    _("Duplicated option %(name)s"),
    _('Value must be in UPPER_CASE and follow snake_case "%(value)s"'),
    _("Label must not contain a comma"),
    _("Option label is required"),
    _("Option %(key)s is required"),
    _("Option %(key)s exceeds %(limit)s characters"),
    _('Field "%(field)s" cannot change so: some records have values that would not fit or lose digits'),
    _(
        'Field "%(field)s" cannot be required: some records have no value for it. Give it a default '
        "value, or fill it in first"
    ),
    _("Field %(fields)s cannot be unique: some records share the same value"),
    _("Field %(fields)s cannot be indexed: some records have too long a value"),
    _('Some records of object "%(object)s" have too much text to be searched'),
    _("Default value should be as quoted string"),
    _("Default value should be a number"),
    _("Default value should be a number or a numeric string"),
    _("Default value should be an array of quoted strings"),
    _("Default value should be a non-empty array of quoted strings"),
    _('Default value "%(value)s" must be one of the option values'),
    _("Default values must be different from each other"),
    _("Default value should be an object with the sub-fields %(fields)s"),
    _("decimals must be a whole number of at least 0"),
    _("maxNumberOfValues must be a whole number greater than 0"),
    _(
        "maxNumberOfValues must be defined in settings and be a number greater than 0 and less than "
        "or equal to %(limit)s"
    ),
    _("displayedMaxRows must be a whole number from 0 to %(limit)s"),
    _("Object targeted by field to create not found"),
    _("Invalid relation creation payload"),
    _("Relation creation payload is required"),
    _("Morph relation creation payloads are required"),
    _("Morph relation creation payloads must not have the same target twice"),
    _("Only custom morph relations take further targets"),
    _("The table of the object has no room for more columns"),
    _("The tables are in use: the data model could not be changed now"),
)
"""Objects and fields, as the pages of the data model change them."""

OF_PEOPLE = (
    _("Limit reached (%(times)s attempts per %(minutes)s minutes)"),
    _("Wrong password"),
    _("Password too weak: %(count)s characters or more are needed"),
    _("A password has at most %(count)s characters"),
    _("Too many people are signing in at once; try again"),
    _('"%(text)s" is no e-mail address'),
    _("The same address is signing up at this moment; try again"),
    _("The invitation is not valid or no longer so"),
    _("New workspace setup is disabled"),
    _("Email is not verified"),
    _("User is not a member of the workspace"),
    _("Workspace name is required"),
    _("A workspace's name has 1 to %(count)s characters"),
    _('A workspace named "%(name)s" exists already'),
    _("Another workspace has this subdomain"),
    _("A subdomain has 1 to 63 letters, digits and hyphens, and is not taken by the server itself"),
    _("A server with one workspace has no subdomains"),
    _("A logo is a URL of at most %(count)s characters"),
    _("A logo is a URL that begins with https://, http:// or data:image/"),
    _('"%(name)s" is no time zone; a name such as Europe/Brussels is needed'),
    _("1 to %(count)s e-mail addresses are needed"),
    _("%(email)s already in the workspace"),
    _("This workspace has no such invitation"),
    _("Workspace member not found"),
    _("Another member of the workspace has this e-mail address"),
    _("The workspace has no default role for new members"),
    _('Role "%(role)s" cannot be assigned to users'),
    _("Could not find role for given roleId"),
    _("You cannot update your own role"),
    _("Cannot unassign the last administrator"),
    _("The last administrator cannot leave the workspace"),
    _("The last administrator of the server cannot be deleted"),
    _("Others are changing the workspace; try again"),
)
"""Signing in, members and invitations, and the workspace."""

OF_KEYS = (
    _("An API key's name has 1 to %(count)s characters"),
    _("An API key's rate limit cannot be %(text)s: %(reason)s"),
    _("expiresAt must be in the future"),
    _("allowedNetworks must be a list of at most %(count)s networks"),
    _('allowedNetworks: "%(text)s" is no network; write one as in "203.0.113.7" or "2001:db8::/32"'),
    _('Role "%(role)s" cannot be assigned to API keys'),
    _('The API key "%(key)s" has no role'),
    _("This workspace has no API key %(id)s"),
)
"""API keys."""

OF_WEBHOOKS = (
    _("Target URL is required"),
    _("Please provide a valid HTTP or HTTPS URL"),
    _("Invalid target URL provided"),
    _("The target URL cannot be called: %(reason)s"),
    _('A webhook for "%(pattern)s" would be sent what your role may not read of %(objects)s'),
    _("A secret that begins with %(prefix)s must go on in base64"),
    _("A workspace has at most %(count)s webhooks"),
    _("operations may hold at most %(count)s patterns"),
    _("%(name)s must be a text of at most %(count)s characters"),
    _('customHeader must be {"name": …, "value": …} with the name and the value of one header'),
    _('customHeader cannot be "%(name)s": that header is set with each call'),
    _("customHeader has a value of visible ASCII characters, at most 2000"),
    _('updatedFields: there is no field "%(name)s"'),
    _("A filter needs operations that all name the same object, such as person.created"),
    _("A secret has at most %(count)s characters"),
    _("The new secret must not be empty"),
    _("The webhook is switched off; switch it on again first (isActive: true)"),
    _("Webhook not found"),
)
"""Webhooks, whose page is a script over the public API."""

OF_RECORDS = (
    _("Record not found"),
    _("A duplicate entry was detected"),
    _('Field "%(field)s" needs a value: it can neither be null nor empty.'),
    _("Field %(field)s is not nullable and has no default value."),
    _("Field %(field)s is not nullable: send a value, or leave the field out."),
    _("A value is too long to be indexed or searched; shorten it."),
    _("A value is out of the range that its field can hold."),
    _("The request took too long and was stopped; nothing was changed."),
    _("Other requests were changing the same records; nothing was changed. Send it again."),
    _("The record has been changed since; nothing was written. Read it again and send its present ETag."),
    _(
        "The role may not leave a record of %(object)s like this: it would be outside of the records "
        "that the role may see. Nothing was changed."
    ),
    _("A relation points to a record that does not exist."),
    _('"%(field)s" must be the id of an existing record, but there is none with the id %(id)s.'),
    _("The record is still referred to by other records that do not allow it to go."),
    _("Expected 1 record to connect to %(field)s, but found 0 for %(values)s"),
    _("One-to-many relation %(name)s field does not support write operations."),
    _('"%(field)s" of a member cannot be changed'),
    _('Invalid number value %(value)s in field "%(field)s"'),
    _('A number in field "%(field)s" is out of range: it must be between ±%(most)s'),
    _("%(name)s %(type)s-typed field does not support write operations"),
    _('Value "%(value)s" is not a valid UUID'),
    _('Invalid string value %(value)s for text field "%(field)s"'),
    _('Invalid string value %(value)s for email field "%(field)s"'),
    _('Invalid string value for field "%(field)s": NUL characters cannot be stored'),
    _('Invalid string value for field "%(field)s": lone surrogates cannot be stored'),
    _('Invalid number value %(value)s for field "%(field)s" - a whole number is expected'),
    _('Number value %(value)s for field "%(field)s" is out of range: it must be between %(least)s and %(most)s'),
    _('Invalid position value %(value)s for field "%(field)s"'),
    _('Invalid boolean value %(value)s for field "%(field)s"'),
    _('Invalid UUID value %(value)s for field "%(field)s"'),
    _('Invalid object value %(value)s for field "%(field)s"'),
    _('Invalid subfield %(name)s for %(type)s field "%(field)s"'),
    _('Invalid subfield %(name)s for links field "%(field)s"'),
    _('Invalid subfield %(name)s for phones field "%(field)s"'),
    _('Invalid value %(value)s for %(type)s field "%(field)s". Expected format: %(format)s'),
    _('Invalid value "%(value)s" for field "%(field)s". Valid values are: %(known)s'),
    _('Invalid value %(value)s for multi select field "%(field)s"'),
    _('Invalid value %(value)s for field "%(field)s - Array values need to be string"'),
    _(
        'Invalid value "%(value)s" for FILES field "%(field)s" - It should be an array of objects '
        'with "fileId" and "label" properties.'
    ),
    _('Max number of files is %(most)s for field "%(field)s"'),
    _("File not found: %(id)s"),
    _('Invalid value %(value)s for field "%(field)s"'),
    _('Invalid blocknote value for field "%(field)s"'),
    _('The value of field "%(field)s" is nested deeper than %(depth)s levels'),
    _("The URL of the link is not valid"),
    _("Invalid country code %(code)s"),
    _("Invalid calling code %(code)s"),
    _("Provided country code and calling code are conflicting"),
    _("Provided and inferred country code are conflicting"),
    _("Provided and inferred calling code are conflicting"),
    _("Provided phone number is invalid %(number)s"),
    _("Method not allowed."),
    _("Please use Settings to remove a workspace member."),
    _("The id of a record cannot be changed"),
    _('The field "%(field)s" of a %(object)s cannot be changed'),
    _("Cannot %(verb)s more than %(limit)s records at once"),
    _(
        "Multiple records found with the same unique field values for %(values)s. Cannot determine "
        "which record to update."
    ),
    _("Entity performing the request does not have permission: %(detail)s"),
    _("Token has expired."),
    _("Missing authentication token"),
    _("The data model is changing too fast to answer; try again"),
)
"""Records, whose pages are scripts over the public API: the grid, a record, CSV import."""

TEMPLATES = (
    *OF_ROLES,
    *OF_FILTERS,
    *OF_MODEL,
    *OF_PEOPLE,
    *OF_KEYS,
    *OF_WEBHOOKS,
    *OF_RECORDS,
    *OF_ALL,
)
"""All of them."""
