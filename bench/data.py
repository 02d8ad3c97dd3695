"""The workspace that is measured: made by our own code, then filled inside PostgreSQL."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from threescore.access.keys import create_key, signing_secret
from threescore.access.tokens import Tokens
from threescore.catalog.workspaces import Workspace, create_workspace
from threescore.config import Settings
from threescore.db.pool import Database
from threescore.sql import quote_identifier, quote_literal


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_NAMES = _words("""
    Ada Alan Amara Anna Bruno Carla Chen Dara Diego Elena Emil Fatima Finn Grace Hana Hugo Ines Ivan Jana Jonas Kai
    Kofi Lara Leon Lin Lucia Malik Mara Mei Mila Nadia Nils Nora Olga Omar Paul Petra Priya Quinn Rosa Ruben Sara
    Selma Sven Tara Theo Uma Viktor Wanda Xenia Yara Yusuf Zoe
""")
LAST_NAMES = _words("""
    Abe Adler Bauer Becker Berg Blanc Braun Castro Chen Costa Cruz Diaz Dubois Evans Fischer Fofana Garcia Gomez
    Gruber Haas Hansen Hoffman Ibrahim Ito Jansen Jones Kaya Keller Khan Kim Klein Koch Kumar Lang Larsen Lee Lopez
    Maier Martin Mensah Meyer Moreau Nagy Nguyen Novak Okafor Olsen Ortiz Park Patel Pereira Petrov Popov Ricci Roth
    Ruiz Saito Santos Sato Schmid Silva Singh Smith Sosa Suzuki Tan Torres Urban Vega Wagner Wang Weber Wolf Wong
    Yilmaz Young Zhang Ziegler
""")
CITIES = _words("""
    Accra Amsterdam Ankara Antwerp Athens Auckland Baku Bangkok Barcelona Basel Beirut Belgrade Bergen Berlin Bern
    Bilbao Bogota Bologna Bordeaux Boston Bratislava Bremen Brisbane Brussels Budapest Cairo Calgary Caracas Chicago
    Cologne Copenhagen Cork Dakar Dallas Delhi Denver Detroit Dresden Dublin Durban Edinburgh Essen Florence
    Frankfurt Geneva Genoa Ghent Glasgow Graz Hamburg Hanoi Havana Helsinki Houston Istanbul Jakarta Kampala Kigali
    Krakow Kyoto Lagos Lausanne Leeds Leipzig Lille Lima Lisbon London Lyon Madrid Malmo Manila Marseille Melbourne
    Miami Milan Montreal Munich Nairobi Nantes Naples Nice Osaka Oslo Ottawa Paris Perth Porto Prague Quito Riga
    Rome Seoul Sofia Stockholm Sydney Tallinn Tokyo Turin Vienna
""")
JOB_TITLES = ("Analyst", "Buyer", "CEO", "CFO", "CTO", "Designer", "Engineer", "Head of sales", "Lawyer", "Manager")

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many records of each object there are."""

    companies: int
    people: int
    opportunities: int


FULL = Sizes(10_000, 100_000, 50_000)
QUICK = Sizes(1_000, 10_000, 5_000)


def record_id(kind: str, number: int) -> str:
    """The id of the record with that number, as 32 hexadecimal digits: PostgreSQL makes the same of `md5`."""
    return hashlib.md5(f"{kind} {number}".encode(), usedforsecurity=False).hexdigest()


async def make_workspace(database: Database, settings: Settings, sizes: Sizes) -> tuple[Workspace, str]:
    """A new workspace with that many records, and the token of an API key for it."""
    workspace = await create_workspace(database, f"Benchmark {datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}")
    schema = quote_identifier(workspace.schema)
    async with database.transaction() as connection:
        for statement in _filling(schema, sizes):
            await connection.execute(statement)
    for name in ("company", "person", "opportunity"):
        # At once, and not by the autovacuum in the middle of a measurement.
        await database.execute(f"VACUUM (ANALYZE) {schema}.{name}")
    await database.execute("CHECKPOINT")
    return workspace, await new_token(database, settings, workspace)


async def new_token(database: Database, settings: Settings, workspace: Workspace) -> str:
    """The token of a new API key of a workspace."""
    async with database.transaction() as connection:
        key = await create_key(connection, workspace.id, "Benchmark", datetime.now(UTC) + _DAY)
    tokens = Tokens(await signing_secret(database, settings.secret))
    return tokens.mint(workspace.id, key.id, key.expires_at)


def _filling(schema: str, sizes: Sizes) -> list[str]:
    return [
        f"""
        INSERT INTO {schema}.company (id, "name", "domainNamePrimaryLinkUrl", "addressAddressCity",
            "addressAddressCountry", "employees", "annualRevenueAmountMicros", "annualRevenueCurrencyCode", "position")
        SELECT {_id("company", "n")}, {_pick(LAST_NAMES, "n")} || ' ' || {_pick(CITIES, "n / 7")} || ' ' || n,
            'https://company' || n || '.example.com', {_pick(CITIES, "n")}, 'Somewhere', n % 5000,
            (n % 900 + 100) * 1000000000::numeric, 'EUR', n
        FROM generate_series(1, {sizes.companies}) n""",
        f"""
        INSERT INTO {schema}.person (id, "nameFirstName", "nameLastName", "emailsPrimaryEmail", "jobTitle", "city",
            "linkedinLinkPrimaryLinkUrl", "phonesPrimaryPhoneNumber", "phonesPrimaryPhoneCountryCode",
            "phonesPrimaryPhoneCallingCode", "companyId", "position")
        SELECT {_id("person", "n")}, {_pick(FIRST_NAMES, "n")}, {_pick(LAST_NAMES, "n / 3")},
            'person' || n || '@company' || n % {sizes.companies} || '.example.com', {_pick(JOB_TITLES, "n / 5")},
            {_pick(CITIES, "n")}, 'https://www.linkedin.com/in/person' || n,
            CASE WHEN n % 3 = 0 THEN '1512' || lpad(n::text, 7, '0') END, CASE WHEN n % 3 = 0 THEN 'DE' END,
            CASE WHEN n % 3 = 0 THEN '+49' END, {_id("company", f"n % {sizes.companies} + 1")}, n
        FROM generate_series(1, {sizes.people}) n""",
        f"""
        INSERT INTO {schema}.opportunity (id, "name", "amountAmountMicros", "amountCurrencyCode", "closeDate", "stage",
            "pointOfContactId", "companyId", "position")
        SELECT {_id("opportunity", "n")}, 'Offer ' || n, (n % 500 + 1) * 1000000000::numeric, 'EUR',
            now() + n % 365 * interval '1 day', {_pick(("NEW", "SCREENING", "MEETING", "PROPOSAL", "CUSTOMER"), "n")},
            {_id("person", f"n * 2 % {sizes.people} + 1")}, {_id("company", f"n * 2 % {sizes.companies} + 1")}, n
        FROM generate_series(1, {sizes.opportunities}) n""",
    ]


def _id(kind: str, number: str) -> str:
    return f"md5('{kind} ' || ({number}))::uuid"


def _pick(values: tuple[str, ...], number: str) -> str:
    return f"(ARRAY[{', '.join(map(quote_literal, values))}])[({number}) % {len(values)} + 1]"
