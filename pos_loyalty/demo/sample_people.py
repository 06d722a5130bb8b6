"""Two hundred people who do not exist: the members of the sample shop.

Given and family names of ten languages are common ones, paired by counting, so that
nobody is meant. The phone numbers are of the block that Germany keeps free for films.
"""

from dataclasses import dataclass
from typing import Final

PEOPLE_COUNT: Final = 200

_NAMES: Final = """\
Ayşe Mehmet Elif Emre Zeynep Can Deniz Ömer Derya Kerem
Esra Burak Selin Onur Gül Tolga İrem Barış Nur Volkan
Yılmaz Kaya Demir Şahin Çelik Yıldız Aydın Öztürk Arslan Doğan
Kılıç Aslan Çetin Kara Koç Kurt Özdemir Şimşek Polat Güneş

Jürgen Anna Lukas Marie Felix Johanna Paul Sophie Jonas Lea
Max Greta Moritz Ida Oskar Frieda Matthias Jana Götz Käthe
Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann
Koch Bauer Richter Klein Wolf Schröder Neumann Schwarz Zimmermann Groß

Olivia Noah Amelia Oliver Isla George Ava Arthur Mia Harry
Grace Leo Freya Jack Ella Henry Willow Archie Ruby Theo
Smith Jones Taylor Brown Wilson Evans Walker Wright Thompson White
Hughes Edwards Green Hall Wood Harris Clarke Jackson Turner Hill

Chloé Hugo Léa Lucas Manon Louis Camille Jules Inès Arthur
Zoé Raphaël Élodie Gabriel Amélie Antoine Margaux Théo Clémence Rémi
Martin Bernard Dubois Robert Richard Petit Durand Leroy Moreau Simon
Laurent Lefèvre Michel Garnier Roux Fournier Girard Bonnet Dupont Lambert

Lucía Mateo Sofía Diego Martina Pablo Valeria Álvaro Carmen Javier
Noelia Andrés Marta Íñigo Elena Sergio Paula Raúl Inés Óscar
García Martínez López Sánchez Pérez Gómez Fernández Ruiz Díaz Álvarez
Moreno Muñoz Romero Alonso Gutiérrez Navarro Torres Domínguez Vázquez Ramos

Zuzanna Antoni Julia Jakub Maja Łukasz Hanna Filip Oliwia Wojciech
Alicja Michał Zofia Paweł Weronika Tomasz Małgorzata Krzysztof Ewa Stanisław
Nowak Kowal Wiśnia Wójcik Kamiński Lewandowski Zieliński Szymański Woźniak Dąbrowski
Kozłowski Mazur Jankowski Krawczyk Piotrowski Grabowski Pawlak Michalski Król Wróbel

Layla Omar Fatima Yusuf Amira Khalid Noor Hassan Salma Tariq
Huda Karim Rania Sami Dalia Ziad Mariam Adel Yasmin Nabil
Haddad Nasser Khoury Mansour Saleh Farah Aziz Rahman Darwish Hamdan
Younis Awad Shaheen Barakat Jaber Sabbagh Taha Zahran Qasim Badawi

Priya Arjun Ananya Rohan Kavya Vikram Meera Aditya Neha Sanjay
Divya Rahul Isha Karan Pooja Amit Sneha Varun Asha Nikhil
Sharma Patel Singh Gupta Reddy Iyer Nair Mehta Joshi Rao
Desai Kapoor Menon Verma Bose Chopra Pillai Das Bhatt Malhotra

Linh Minh Hương Tuấn Mai Quân Thảo Dũng Yến Phúc
Yuki Haruto Sakura Ren Hana Sora Mei Wei Jun Xiu
Nguyễn Trần Lê Phạm Hoàng Vũ Đặng Bùi Đỗ Hồ
Tanaka Sato Suzuki Mori Kimura Ito Lin Chen Zhao Wang

Amara Chidi Ngozi Emeka Zainab Kwame Abena Kofi Wanjiru Otieno
Юлия Иван Ольга Νίκος Ελένη مريم يوسف ليلى Björn Åsa
Okafor Adeyemi Eze Balogun Mensah Owusu Boateng Asante Kamau Odhiambo
Соколова Петров Морозова Δήμος Βλάχου العلي منصور حداد Sjöberg Lindström
"""  # noqa: RUF001 - names are spelled as people spell them
"""Ten blocks of two lines of given names and two of family names."""


@dataclass(frozen=True)
class SamplePerson:
    """A sample member before enrolling; ``phone`` as typed in the shop, or empty."""

    name: str
    phone: str


def sample_people() -> tuple[SamplePerson, ...]:
    """Return the people, always the same ones in the same order; no name comes twice."""
    blocks = [block.splitlines() for block in _NAMES.split("\n\n")]
    languages = [(" ".join(block[:2]).split(), " ".join(block[2:]).split()) for block in blocks]
    names = [
        f"{given[place]} {family[place]}"
        for place in range(PEOPLE_COUNT // len(languages))
        for given, family in languages
    ]
    assert len(set(names)) == PEOPLE_COUNT
    return tuple(SamplePerson(name, _phone(number)) for number, name in enumerate(names))


def _phone(number: int) -> str:
    """Give every second person a phone, as not everybody tells theirs."""
    return f"0171 39200{number // 2:02d}" if number % 2 == 0 else ""


def spare_phone(number: int) -> str:
    """Return a phone number for a sign-up of the day, 0 to 99, that no sample person has."""
    return f"0176 040690{number:02d}"
