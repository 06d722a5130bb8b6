"""`pos-loyalty server`: what an owner types and reads."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pos_loyalty.cli import main
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.ids import is_id
from pos_loyalty.server.join_till import plain_code
from pos_loyalty.server.reach import reach_in_words
from pos_loyalty.server.settings import database_url, listen_address
from tests.contract.running_server import make_books, running_server
from tests.contract.simple_till import enrollment, new_member


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/books.db"


def test_books_are_made_once(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["server", "init", "--database", url, "--merchant", "Harbor", "--currency", "EUR"]

    first = main(words)
    merchant = capsys.readouterr().out.strip()
    second = main(words)

    assert (first, second) == (0, 1)
    assert is_id(merchant)
    assert capsys.readouterr().err == (
        "This database already belongs to Harbor. (E-MERCHANT-EXISTS)\n"
    )


def test_the_code_stands_alone_on_the_last_line(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    make_books(url)

    done = main(["server", "till-code", "--database", url, "--shop", "Main street"])

    lines = capsys.readouterr().out.splitlines()
    assert done == 0
    assert len(lines) > 1
    assert plain_code(lines[-1])


def test_after_init_the_next_step_is_said_beside_the_id(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["server", "init", "--database", url, "--merchant", "Harbor", "--currency", "EUR"])

    said = capsys.readouterr()
    assert is_id(said.out.strip())
    assert said.err.startswith("Books of Harbor made. Next: pos-loyalty server --listen 0.0.0.0:")


@pytest.mark.parametrize(
    "action", [["init", "--currency", "EUR", "--merchant"], ["till-code", "--shop"]]
)
def test_a_name_of_nothing_is_refused(
    url: str, action: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    make_books(url)

    assert main(["server", *action, " ", "--database", url]) == 1
    assert "E-SHOP-NAME" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("server.db", "sqlite:///server.db"),
        ("/var/lib/books.db", "sqlite:////var/lib/books.db"),
        ("sqlite:///server.db", "sqlite:///server.db"),
        ("c:/books.db", "sqlite:///c:/books.db"),
        ("postgresql://shop@host/books", "postgresql://shop@host/books"),
    ],
)
def test_the_name_of_a_file_is_a_database(typed: str, kept: str) -> None:
    assert database_url(typed) == kept


@pytest.mark.parametrize("typed", ["", "sqlite:///", "sqlite:books.db", "mysql://host/books"])
def test_what_is_no_database_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(CommandRefused) as refused:
        database_url(typed)

    assert refused.value.message == "--database is written like sqlite:///server.db."


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("192.168.1.20:8443", ("192.168.1.20", 8443)),
        ("[::]:8443", ("::", 8443)),
        ("8443", ("127.0.0.1", 8443)),
        (":0", ("127.0.0.1", 0)),
    ],
)
def test_an_address_is_read_and_a_port_alone_is_of_this_pc(
    typed: str, read: tuple[str, int]
) -> None:
    assert listen_address(typed) == read


@pytest.mark.parametrize("typed", ["", "localhost", "localhost:", "host:99999", "host:٣"])
def test_what_is_no_address_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(CommandRefused) as refused:
        listen_address(typed)

    assert refused.value.message == "--listen is written like 0.0.0.0:8443."


def test_the_owner_reads_from_where_tills_reach_the_server() -> None:
    assert reach_in_words("http://127.0.0.1:8443") == (
        "Only tills on this PC reach it, at http://127.0.0.1:8443. Ctrl-C stops."
    )
    assert reach_in_words("https://192.168.1.20:8443") == (
        "Tills reach this PC at https://192.168.1.20:8443. Ctrl-C stops."
    )
    assert "can be read on the way" in reach_in_words("http://[fd00::20]:8443")
    assert "http://[fd00::20]:8443." in reach_in_words("http://[fd00::20]:8443")


@pytest.mark.parametrize("url", ["http://0.0.0.0:8443", "http://[::]:8443"])
def test_a_server_that_listens_everywhere_names_the_address_to_type(url: str) -> None:
    said = reach_in_words(url).split()[5].rstrip(".")

    assert said.startswith("http://")
    assert said.endswith(":8443")
    assert "//0.0.0.0" not in said
    assert "[::]" not in said


def test_a_running_server_says_one_line_to_programs_and_words_to_the_owner(url: str) -> None:
    make_books(url)
    command = [sys.executable, "-m", "pos_loyalty", "server", "--listen", "0"]
    command += ["--database", url.removeprefix("sqlite:///")]

    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        address = json.loads(process.stdout.readline())["listening"]
        process.terminate()
        out, err = process.communicate(timeout=15)

    assert (process.returncode, out) == (0, "")
    assert err == f"Only tills on this PC reach it, at {address}. Ctrl-C stops.\n"


def test_a_code_for_no_database_says_what_to_do(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["server", "till-code", "--database", url, "--shop", "Harbor"]) == 1
    assert "server init" in capsys.readouterr().err
    assert not Path(url.removeprefix("sqlite:///")).exists()


def test_a_code_is_made_while_the_server_runs(url: str) -> None:
    make_books(url)
    with running_server(url) as server:
        till, member = server.joined_till(), new_member()

        assert till.exchange(enrollment(member)).have == 1


@pytest.mark.parametrize("minutes", ["0", "-1", "x", "99999"])
def test_a_code_lives_some_minutes(url: str, minutes: str) -> None:
    make_books(url)

    with pytest.raises(SystemExit) as ended:
        main(["server", "till-code", "--database", url, "--shop", "a", f"--minutes={minutes}"])

    assert ended.value.code == 2


@pytest.mark.parametrize(
    "words",
    [
        ["server"],
        ["server", "--listen", "127.0.0.1:0"],
        ["server", "--listen", "127.0.0.1:0", "--database", "sqlite:///x", "--certificate", "c"],
    ],
)
def test_what_is_missing_is_named(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err


def test_F21_a_certificate_that_cannot_be_used_is_named(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_books(url)
    absent, wrong = tmp_path / "none.pem", tmp_path / "wrong.pem"
    wrong.write_text("not a certificate")

    for path, code in ((absent, "E-FILE-ABSENT"), (wrong, "E-FILE-SHAPE")):
        words = ["server", "--listen", "127.0.0.1:0", "--database", url]
        words += ["--certificate", str(path), "--private-key", str(path)]
        assert main(words) == 1
        assert code in capsys.readouterr().err


def test_an_address_in_use_is_said_in_words(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    make_books(url)
    with running_server(url) as server:
        other = url.replace("books.db", "other.db")
        make_books(other)
        address = server.url.removeprefix("http://")

        assert main(["server", "--listen", address, "--database", other]) == 1

    assert "E-ADDRESS-TAKEN" in capsys.readouterr().err


def test_F54_a_second_server_on_one_file_refuses(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    make_books(url)
    with running_server(url):
        assert main(["server", "--listen", "127.0.0.1:0", "--database", url]) == 1

    assert capsys.readouterr().err == (
        "A server already runs on this database. Use it, or stop it first. (E-SERVER-RUNNING)\n"
    )


def test_verify_answers_a_person_and_a_program(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    make_books(url)

    assert main(["server", "verify", "--database", url]) == 0
    assert capsys.readouterr().out == ("The books are right: 0 events of 0 streams, 0 members.\n")
    assert main(["server", "verify", "--database", url, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ok"] is True


def test_the_server_speaks_tls(url: str, tmp_path: Path) -> None:
    make_books(url)
    certificate, key = tmp_path / "c.pem", tmp_path / "k.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-keyout", str(key), "-out", str(certificate), "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
        ],
        check=True,
        capture_output=True,
    )
    command = [sys.executable, "-m", "pos_loyalty", "server", "--listen", "localhost:0"]
    command += ["--database", url, "--certificate", str(certificate), "--private-key", str(key)]

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = json.loads(process.stdout.readline())["listening"]
        answer = subprocess.run(
            [sys.executable, "-c", _ASK, address.rsplit(":", 1)[1], str(certificate)],
            check=True,
            capture_output=True,
            text=True,
        )
        process.terminate()
        assert process.wait(15) == 0

    assert address.startswith("https://")
    assert json.loads(answer.stdout)["status"] == "ok"


_ASK = """
import ssl, sys, urllib.request
context = ssl.create_default_context(cafile=sys.argv[2])
url = f"https://localhost:{sys.argv[1]}/health"
print(urllib.request.urlopen(url, context=context).read().decode())
"""
