# mypy: ignore-errors
"""Uses a client that ariadne-codegen made: what goes out is made of its types, what comes back must fit them."""

import json
import sys

from crm import (
    Client,
    CompanyCreateInput,
    CompanyRelationInput,
    CurrencyCreateInput,
    EmailsCreateInput,
    FullNameCreateInput,
    FullNameFilterInput,
    FullNameOrderByInput,
    OpportunityCreateInput,
    OpportunityStageEnum,
    OrderByDirection,
    PersonCreateInput,
    PersonFilterInput,
    PersonOrderByInput,
    PersonUpdateInput,
    StringFilter,
)

url, token = sys.argv[1:]


def named(first: str, last: str) -> PersonCreateInput:
    return PersonCreateInput(
        name=FullNameCreateInput(firstName=first, lastName=last),
        emails=EmailsCreateInput(primaryEmail=f"{first}@{last}.example", additionalEmails=[f"{last}@mail.example"]),
    )


with Client(f"{url}/graphql", headers={"Authorization": f"Bearer {token}"}) as client:
    created = client.create_people([named("Ada", "King"), named("Ben", "Quill")]).create_people
    opportunity = client.create_opportunity(
        OpportunityCreateInput(
            name="Engine",
            stage=OpportunityStageEnum.PROPOSAL,
            amount=CurrencyCreateInput(amountMicros=1_500_000, currencyCode="EUR"),
            company=CompanyRelationInput(create=CompanyCreateInput(name="Acme")),
        )
    ).create_opportunity
    counted = client.count_opportunities([OpportunityStageEnum.PROPOSAL]).opportunities
    page = client.find_people(
        matching=PersonFilterInput(name=FullNameFilterInput(lastName=StringFilter(in_=["King", "Quill"]))),
        order_by=[PersonOrderByInput(name=FullNameOrderByInput(lastName=OrderByDirection.DescNullsLast))],
        first=1,
    ).people
    changed = client.change_person(
        created[0].id,
        PersonUpdateInput(jobTitle="Engineer", company=CompanyRelationInput(disconnect=True)),
    ).update_person

shown = [*created, opportunity, counted, page, changed]
print(json.dumps([value.model_dump(mode="json") for value in shown]))
