"""Each server comes back on the same ports with its data, whatever was done to it."""

import asyncio
import smtplib
import socket
import ssl
import time

import aio_pika
import asyncpg
import pytest
from localservers import Dovecot, Exim, FaultProxy, NotInstalled, Postgres, RabbitMQ, SmtpSink
from localservers.programs import program
from localservers.tree import descendants


def test_postgres_keeps_what_was_committed_through_kill9() -> None:
    with Postgres() as postgres:
        port = postgres.port
        postgres.execute("CREATE TABLE fact (n int); INSERT INTO fact VALUES (7)")
        postgres.kill9()
        postgres.start()
        assert postgres.execute("SELECT n FROM fact").strip() == "7"
        postgres.restart()
        assert postgres.port == port
        assert postgres.execute("SELECT n FROM fact").strip() == "7"
    assert not postgres.folder.exists()


async def test_each_database_is_empty_and_takes_asyncpg(empty_database_url: str, postgres: Postgres) -> None:
    connection = await asyncpg.connect(empty_database_url.replace("+asyncpg", ""))
    tables = await connection.fetch("SELECT 1 FROM pg_tables WHERE schemaname = 'public'")
    await connection.close()
    assert tables == []


async def test_rabbitmq_keeps_a_confirmed_message_through_kill9(rabbitmq: RabbitMQ) -> None:
    url = rabbitmq.url(rabbitmq.create_vhost())
    arguments = {"x-queue-type": "quorum"}
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        await channel.declare_queue("q", durable=True, arguments=arguments)
        message = aio_pika.Message(b"kept", delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, routing_key="q")
    # RabbitMQ 3.10 writes a new queue's registration to disk within two seconds; killed sooner, the queue
    # comes back deaf: it is there, but takes and gives nothing.
    await asyncio.sleep(3)
    await asyncio.to_thread(rabbitmq.kill9)
    await asyncio.to_thread(rabbitmq.start)
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue("q", durable=True, arguments=arguments)
        received = await queue.get(timeout=20, fail=True)
        assert received is not None
        assert received.body == b"kept"
        await received.ack()


async def test_vhosts_are_separate(bus_url: str, rabbitmq: RabbitMQ) -> None:
    async with await aio_pika.connect(bus_url) as connection:
        await (await connection.channel()).declare_queue("mine")
    async with await aio_pika.connect(rabbitmq.url(rabbitmq.create_vhost())) as connection:
        channel = await connection.channel()
        with pytest.raises(aio_pika.exceptions.ChannelNotFoundEntity):
            await channel.declare_queue("mine", passive=True)


def test_a_paused_server_is_silent_and_then_answers() -> None:
    with Dovecot() as dovecot:
        dovecot.pause()
        with socket.create_connection(("127.0.0.1", dovecot.pop3), 1) as connection:
            connection.settimeout(0.3)
            with pytest.raises(TimeoutError):
                connection.recv(1)
            dovecot.resume()
            connection.settimeout(10)
            assert connection.recv(3) == b"+OK"


def test_no_process_stays_behind() -> None:
    with Dovecot() as dovecot:
        assert dovecot.is_ready()
        processes = descendants(dovecot.pid)
        assert len(processes) > 1
    deadline = time.monotonic() + 10
    while alive := [pid for pid in processes if running(pid)]:
        assert time.monotonic() < deadline, f"still there: {alive}"
        time.sleep(0.01)


def running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_the_port_stays_ours_while_the_server_is_down() -> None:
    with Dovecot() as dovecot:
        dovecot.kill9()
        with socket.socket() as intruder, pytest.raises(OSError, match="in use"):
            intruder.bind(("127.0.0.1", dovecot.pop3))
        dovecot.start()


def test_exim_delivers_and_refuses(exim: Exim) -> None:
    before = len(exim.delivered())
    with smtplib.SMTP("localhost", exim.port) as client:
        client.starttls(context=ssl.create_default_context(cafile=exim.certificate))
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.sendmail("a@callboard.example", ["x@callboard.example"], b"x")
        client.login("callboard", "pw")
        client.sendmail("a@callboard.example", ["x@callboard.example"], b"Subject: hello\r\n\r\n")
        for local, code in (("nosuch", 550), ("later", 451)):
            with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
                client.sendmail("a@callboard.example", [f"{local}@callboard.example"], b"x")
            assert refused.value.recipients[f"{local}@callboard.example"][0] == code
    deadline = time.monotonic() + 20
    while len(exim.delivered()) == before:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert b"\nSubject: hello\n" in exim.delivered()[-1]


@pytest.mark.parametrize("tls", [False, True])
def test_sink_keeps_refuses_and_loses(*, tls: bool) -> None:
    with SmtpSink(tls=tls) as sink, smtplib.SMTP("localhost", sink.port) as client:
        if tls:
            client.starttls(context=ssl.create_default_context(cafile=sink.certificate))
            with pytest.raises(smtplib.SMTPAuthenticationError):
                client.login("callboard", "wrong")
            client.login("callboard", "pw")
        sink.answer("DATA", "451 4.3.0 try later")
        with pytest.raises(smtplib.SMTPDataError):
            client.sendmail("a@callboard.example", ["b@callboard.example"], b"one")
        assert sink.messages == []
        client.sendmail("a@callboard.example", ["b@callboard.example"], b".two\r\n")
        assert sink.wait_for(1)[0].content == b".two\r\n"
        sink.answer("DATA", "", keep=True)
        with pytest.raises(smtplib.SMTPServerDisconnected):
            client.sendmail("a@callboard.example", ["b@callboard.example"], b"three\r\n")
        assert len(sink.messages) == 2


def test_proxy_cuts_before_a_pattern_split_between_packets(smtp_sink: SmtpSink) -> None:
    with FaultProxy(smtp_sink.port) as proxy:
        proxy.fail("request", b"MAIL FROM", "cut")
        with socket.create_connection(("127.0.0.1", proxy.port), 10) as client:
            assert client.recv(1000).startswith(b"220")
            client.sendall(b"HELO me\r\nMAI")
            assert client.recv(1000).startswith(b"250")
            client.sendall(b"L FROM:<a@callboard.example>\r\n")
            assert client.recv(1000) == b""


def test_what_is_missing_names_its_package() -> None:
    with pytest.raises(NotInstalled, match="apt-get install dovecot-pop3d"):
        program("/nowhere/dovecot", package="dovecot-pop3d")
