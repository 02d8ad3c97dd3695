"""The data model: the objects `country` and `airport`, their fields, and how our values become their records."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from examples.airports.api import Api, Record
from examples.airports.world import ALTITUDES, Airport, Country, World, all_areas

QUADRANTS = ("NORTH_EAST", "NORTH_WEST", "SOUTH_EAST", "SOUTH_WEST")
COLORS = ("blue", "green", "yellow", "orange", "red", "purple", "sky", "pink", "turquoise", "gray")


class ModelMismatch(Exception):
    """The workspace holds something under a name of ours that is not what we would make."""


def country_fields(world: World) -> list[Record]:
    """The fields of `country`. Its `name` comes with the object."""
    return [
        field("TEXT", "alpha2", "Two-letter code", isUnique=True),
        field("TEXT", "alpha3", "Three-letter code", isUnique=True),
        field("NUMBER", "isoNumber", "ISO number", isUnique=True, settings={"dataType": "int"}),
        field("TEXT", "officialName", "Official name"),
        field("TEXT", "flag", "Flag"),
        field("SELECT", "mainArea", "Main area", options=options(all_areas(world.countries))),
        field("MULTI_SELECT", "areas", "Areas", options=options(all_areas(world.countries))),
        field("ARRAY", "subdivisions", "Subdivisions"),
        field("BOOLEAN", "hasAirports", "Has airports", defaultValue=False),
        field("LINKS", "encyclopedia", "Encyclopedia"),
        field("RAW_JSON", "origin", "Origin"),
        field("DATE_TIME", "loadedAt", "Loaded at"),
    ]


def airport_fields() -> list[Record]:
    """The fields of `airport`, except for the relation to its country."""
    return [
        field("TEXT", "icao", "ICAO code", isUnique=True),
        field("TEXT", "iata", "IATA code", isUnique=True),
        field("MULTI_SELECT", "codeGivers", "Code givers", options=options(["ICAO", "IATA", "LOCAL"])),
        field("ARRAY", "codes", "Codes"),
        field("NUMBER", "elevation", "Elevation in feet", settings={"dataType": "float", "decimals": 1}),
        field("NUMBER", "metres", "Elevation in metres", settings={"dataType": "int"}),
        field("SELECT", "altitude", "Altitude", options=options(ALTITUDES)),
        field("SELECT", "quadrant", "Quadrant", options=options(QUADRANTS)),
        field("ADDRESS", "place", "Place"),
        field("TEXT", "timeZone", "Time zone"),
        field("BOOLEAN", "forSeaplanes", "For seaplanes", defaultValue=False),
        field("LINKS", "chart", "Chart"),
        field("RAW_JSON", "origin", "Origin"),
        field("DATE", "edition", "Edition of the data"),
        field("DATE_TIME", "loadedAt", "Loaded at"),
        field("TEXT", "remark", "Remark"),
    ]


def field(type_name: str, name: str, label: str, **more: Any) -> Record:
    """What `/rest/metadata/fields` wants to know of a field, but for the object that gets it."""
    return {"type": type_name, "name": name, "label": label, **more}


def options(values: Iterable[str]) -> list[Record]:
    """Options of a select field. Their order counts: records sort by it."""
    return [
        {
            "value": value,
            "label": value.replace("_", " ").capitalize(),
            "color": COLORS[place % len(COLORS)],
            "position": place,
        }
        for place, value in enumerate(values)
    ]


def country_record(country: Country, world: World) -> Record:
    """A country as a record, complete, so that an upsert leaves nothing from before."""
    return {
        "name": country.name,
        "alpha2": country.alpha2,
        "alpha3": country.alpha3,
        "isoNumber": country.number,
        "officialName": country.official_name,
        "flag": country.flag,
        "mainArea": country.areas[0] if country.areas else None,
        "areas": list(country.areas),
        "subdivisions": list(country.subdivisions),
        "hasAirports": country in world.by_country,
        "encyclopedia": {
            "primaryLinkUrl": f"https://en.wikipedia.org/wiki/ISO_3166-2:{country.alpha2}",
            "primaryLinkLabel": country.name,
            "secondaryLinks": [{"url": f"https://www.iso.org/obp/ui/#iso:code:3166:{country.alpha2}", "label": "ISO"}],
        },
        "origin": country.origin,
        "loadedAt": instant(world.loaded_at),
    }


def airport_record(airport: Airport, world: World) -> Record:
    """An airport as a record, complete but for its country."""
    return {
        "name": airport.name,
        "icao": airport.icao,
        "iata": airport.iata,
        "codeGivers": list(airport.codes),
        "codes": list(dict.fromkeys(airport.codes.values())),
        "elevation": airport.feet,
        "metres": airport.metres,
        "altitude": airport.altitude,
        "quadrant": airport.quadrant,
        "place": {
            "addressCity": airport.city,
            "addressState": airport.subdivision,
            "addressCountry": airport.country.name if airport.country else "",
            "addressLat": airport.latitude,
            "addressLng": airport.longitude,
        },
        "timeZone": airport.time_zone,
        "forSeaplanes": airport.for_seaplanes,
        "chart": {"primaryLinkUrl": f"https://skyvector.com/airport/{airport.icao}", "primaryLinkLabel": airport.icao},
        "origin": airport.origin,
        "edition": world.edition.isoformat(),
        "loadedAt": instant(world.loaded_at),
        "remark": "",
    }


def country_of(airport: Airport) -> Record:
    """The part of an airport's record that points to its country: by a unique code, so that no id need be known."""
    if airport.country is None:
        return {"countryId": None}
    return {"country": {"connect": {"where": {"alpha2": airport.country.alpha2}}}}


def instant(moment: datetime) -> str:
    """A point in time as the API writes it: UTC, with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def prepare_model(api: Api, world: World) -> int:
    """Makes the objects, fields and the relation that are not there yet; how many of them it made.

    Raises ModelMismatch where a field of ours has another type.
    """
    objects = {found["nameSingular"]: found for found in (await api.get("metadata/objects", limit=1000))["data"]}
    made = 0
    for singular, plural, fields in (
        ("country", "countries", country_fields(world)),
        ("airport", "airports", airport_fields()),
    ):
        if singular not in objects:
            names = {"nameSingular": singular, "namePlural": plural}
            labels = {"labelSingular": singular.capitalize(), "labelPlural": plural.capitalize()}
            objects[singular] = await api.call("POST", "metadata/objects", {**names, **labels})
            made += 1
        if singular == "airport":
            fields.append(
                field(
                    "RELATION",
                    "country",
                    "Country",
                    relationCreationPayload={
                        "type": "MANY_TO_ONE",
                        "targetObjectMetadataId": objects["country"]["id"],
                        "targetFieldLabel": "Airports",
                        "targetFieldIcon": "IconPlane",
                    },
                )
            )
        made += await _prepare_fields(api, objects[singular], fields)
    return made


async def _prepare_fields(api: Api, object_type: Record, fields: list[Record]) -> int:
    types = {found["name"]: found["type"] for found in object_type["fields"]}
    for wanted in fields:
        known = types.get(wanted["name"], wanted["type"])
        if known != wanted["type"]:
            name = f"{object_type['nameSingular']}.{wanted['name']}"
            raise ModelMismatch(f"{name} is {known} in this workspace, and should be {wanted['type']}")
    missing = [wanted for wanted in fields if wanted["name"] not in types]
    for wanted in missing:
        await api.call("POST", "metadata/fields", {"objectMetadataId": object_type["id"], **wanted})
    return len(missing)
