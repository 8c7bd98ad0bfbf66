"""Made-up people: who a customer of the demonstration is, drawn from a seed."""

from random import Random

import msgspec

from tessera.core.customers.customers import NewCustomer, PhoneNumber

FIRST_NAMES = (
    "Ada", "Bruno", "Chiara", "Dario", "Elena", "Fabio", "Giada", "Hugo", "Irene", "Jacopo", "Katja", "Luca", "Marta",
    "Nico", "Olga", "Pietro", "Quinn", "Rosa", "Sandro", "Teresa", "Ugo", "Vera", "Walter", "Xenia", "Yuri", "Zoe",
)  # fmt: skip
LAST_NAMES = (
    "Alfieri", "Bassi", "Corsini", "Donati", "Esposti", "Ferri", "Galli", "Hofer", "Innocenti", "Jansen", "Kofler",
    "Longo", "Marini", "Neri", "Orsini", "Pellegrini", "Quaranta", "Rinaldi", "Sartori", "Testa", "Urbani", "Valli",
)  # fmt: skip
CITIES = (
    ("Springfield", "Illinois"), ("Fairview", "Oregon"), ("Riverton", "Utah"), ("Lakeside", "California"),
    ("Georgetown", "Texas"), ("Franklin", "Tennessee"), ("Salem", "Massachusetts"), ("Madison", "Wisconsin"),
)  # fmt: skip
STREETS = ("Harbour Street", "Mill Lane", "Station Road", "Garden Terrace", "Old Market")
ROASTS = ("dark", "light", "medium", "decaf")


def person_id(seed: int, index: int) -> str:
    """The external id of the person with this number in a seed."""
    return f"made-{seed}-{index:08d}"


def person(random: Random, seed: int, index: int) -> NewCustomer:
    """The person with this number; `random` is drawn from the seed and the number."""
    first, last = random.choice(FIRST_NAMES), random.choice(LAST_NAMES)
    city, state = random.choice(CITIES)
    profile = f'{{"roast":"{random.choice(ROASTS)}","cups":{random.randint(1, 9)}}}'.encode()
    return NewCustomer(
        external_id=person_id(seed, index),
        external_id_type="loyalty_card",
        email=f"{first}.{last}.{index}@seed{seed}.example".lower(),
        opted_in=random.random() < 0.7,
        gender="f" if random.random() < 0.5 else "m",
        dob=f"{random.randint(1945, 2005)}-{random.randint(1, 12):02d}-{random.randint(1, 28):02d}",
        address=f"{random.randint(1, 400)} {random.choice(STREETS)}",
        city=city,
        zip=f"{random.randint(10_000, 99_999)}",
        state=state,
        country="USA",
        locale="en-us",
        first_name=first,
        last_name=last,
        phone_numbers=[PhoneNumber(f"+1555{seed % 100:02d}{index:08d}", preference_flags=["sms"])],
        user_profile={"favourites": msgspec.Raw(profile)},
    )
