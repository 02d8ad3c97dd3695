// Uses a client that @genql/cli made: it must be right for the type checker, and for the server.
import { createClient, enumOpportunityStageEnum } from "./client";
import type { OpportunityFilterInput, PersonFilterInput } from "./client";

declare const process: { argv: string[] };

async function main(): Promise<unknown> {
  const [url, token] = process.argv.slice(2);
  const client = createClient({ url: url + "/graphql", headers: { Authorization: "Bearer " + token } });

  const { createCompany } = await client.mutation({
    createCompany: { __args: { data: { name: "Acme", domainName: { primaryLinkUrl: "acme.example" } } }, id: true },
  });
  const { createPeople } = await client.mutation({
    createPeople: {
      __args: {
        data: [
          {
            name: { firstName: "Ada", lastName: "King" },
            phones: {
              primaryPhoneNumber: "612345678",
              primaryPhoneCountryCode: "FR",
              additionalPhones: [{ number: "698765432", countryCode: "FR" }],
            },
            company: { connect: { where: { domainName: { primaryLinkUrl: "acme.example" } } } },
          },
          { name: { firstName: "Ben" } },
        ],
        upsert: true,
      },
      __typename: true,
      id: true,
      phones: { __scalar: true, additionalPhones: { number: true, callingCode: true } },
    },
  });
  const { createOpportunity } = await client.mutation({
    createOpportunity: {
      __args: {
        data: {
          name: "Engine",
          stage: enumOpportunityStageEnum.PROPOSAL,
          amount: { amountMicros: 1500000, currencyCode: "EUR" },
          company: { connect: { where: { id: createCompany!.id } } },
          pointOfContact: { create: { name: { firstName: "Cyd" } } },
        },
      },
      stage: true,
      amount: { amountMicros: true },
      pointOfContact: { name: { firstName: true } },
    },
  });

  const people: PersonFilterInput = {
    company: { name: { ilike: "acm%" } },
    not: { name: { lastName: { is: "NULL" } } },
  };
  const opportunities: OpportunityFilterInput = { stage: { in: ["PROPOSAL", "MEETING"] }, createdAt: { gt: "2020-01-01" } };
  const read = await client.query({
    people: {
      __args: { filter: people, orderBy: [{ name: { lastName: "DescNullsLast" } }], first: 5 },
      totalCount: true,
      edges: {
        node: {
          __scalar: true,
          __typename: true,
          name: { firstName: true },
          company: { name: true, people: { __args: { first: 1 }, totalCount: true } },
        },
      },
      pageInfo: { __scalar: true },
    },
    opportunities: { __args: { filter: opportunities }, totalCount: true, sumAmountAmountMicros: true },
    opportunitiesGroupBy: { __args: { groupBy: [{ stage: true }] }, __scalar: true },
    search: { __args: { searchInput: "ada", limit: 3 }, edges: { node: { label: true, objectNameSingular: true } } },
  });
  return { createPeople, createOpportunity, ...read };
}

main().then((result) => console.log(JSON.stringify(result)));
