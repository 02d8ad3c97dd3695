# mypy: ignore-errors
"""Uses a client that openapi-python-client has made: `use_openapi_client.py SERVER TOKEN`. Prints what it got."""

import json
import sys
from datetime import date, datetime

from crm import AuthenticatedClient
from crm.api.companies import create_one_company, find_many_companies, update_one_company
from crm.api.rockets import (
    create_many_rockets,
    create_one_rocket,
    delete_one_rocket,
    find_many_rockets,
    find_one_rocket,
    group_by_rockets,
    restore_one_rocket,
)
from crm.models import (
    Company,
    CompanyForUpdate,
    Error,
    FindManyRocketsDepth,
    FindOneRocketDepth,
    Rocket,
    RocketContactEmails,
    RocketPrice,
    RocketStatus,
    RocketTagsItem,
)

server, token = sys.argv[1:]
client = AuthenticatedClient(base_url=f"{server}/rest", token=token)

company = create_one_company.sync(client=client, body=Company(name="Acme")).data.create_company
changed = update_one_company.sync(id=company.id, client=client, body=CompanyForUpdate(name="Acme Space"))
assert changed.data.update_company.name == "Acme Space"

rocket = Rocket(
    name="Falcon",
    code_name="F",
    status=RocketStatus.CREWED,
    tags=[RocketTagsItem.HEAVY, RocketTagsItem.OLD],
    price=RocketPrice(amount_micros=62_000_000_000_000, currency_code="USD"),
    contact_emails=RocketContactEmails(primary_email="Pad@Acme.example"),
    built_on=date(2026, 1, 31),
    launch_at=datetime.fromisoformat("2026-01-31T09:30:00+00:00"),
    odometer=9_007_199_254_740_993,
    operator_id=company.id,
)
made = create_one_rocket.sync(client=client, body=rocket).data.create_rocket
batch = create_many_rockets.sync(client=client, body=[Rocket(name="One"), Rocket(name="Two")]).data.create_rockets
shown = find_one_rocket.sync(id=made.id, client=client, depth=FindOneRocketDepth.VALUE_1).data.rocket
page = find_many_rockets.sync(client=client, filter_='name[in]:["One","Two"]', order_by="name[DescNullsLast]", limit=1)
following = find_many_rockets.sync(
    client=client,
    filter_='name[in]:["One","Two"]',
    order_by="name[DescNullsLast]",
    starting_after=page.page_info.end_cursor,
    depth=FindManyRocketsDepth.VALUE_1,
)
groups = group_by_rockets.sync(client=client, group_by='[{"status":true}]', aggregate='["totalCount"]')
delete_one_rocket.sync(id=made.id, client=client, soft_delete=True)
gone = find_one_rocket.sync(id=made.id, client=client)
assert isinstance(gone, Error)
back = restore_one_rocket.sync(id=made.id, client=client).data.restore_rocket
refused = find_many_companies.sync(client=client, filter_="nonsense[eq]:1")
assert isinstance(refused, Error)

print(
    json.dumps(
        {
            "made": made.to_dict(),
            "batch": [record.name for record in batch],
            "operator": shown.operator.name,
            "page": [[record.name for record in page.data.rockets], page.total_count, page.page_info.has_next_page],
            "following": [record.name for record in following.data.rockets],
            "groups": sorted((group.group_by_dimension_values[0], group.total_count) for group in groups),
            "gone": gone.to_dict(),
            "back": back.deleted_at,
            "refused": refused.messages,
        }
    )
)
