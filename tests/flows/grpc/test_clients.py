"""Clients as others make them: stubs from protoc, and one that knows nothing beforehand."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_reflection.v1alpha import reflection_pb2

from svcctl.server.grpc.numbers import COMMITTED
from svcctl.server.grpc.reflection import NAMES
from svcctl.server.grpc.shapes import FILE
from tests.flows.grpc.stand import Stand, failure, showing, told

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[3] / "docs" / "howto" / "grpc.md"
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


def test_what_the_page_says_works_with_stubs_that_protoc_makes(
    stand: Stand, tmp_path: Path
) -> None:
    made = subprocess.run(
        [
            *(sys.executable, "-m", "grpc_tools.protoc", f"-I{COMMITTED.parent}"),
            *(f"--python_out={tmp_path}", f"--grpc_python_out={tmp_path}", FILE),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr

    (program,) = BLOCK.findall(PAGE.read_text(encoding="utf-8"))

    async def restart(selection: object, args: object, emit: object) -> object:
        del selection, args, emit
        return [{"instance": "web", "phase": "running", "ok": True}]

    async def logs(selection: object, args: object, emit: Any) -> object:
        del selection, args
        emit({"at": 1.0, "text": "first"})
        emit({"at": 2.0, "text": "second"})
        return {}

    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        del channel
        (tmp_path / "token").write_text(stand.token())
        here = program.replace("127.0.0.1:7412", f"127.0.0.1:{stand.port}")
        asking = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", here),
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await asking.communicate()

        assert asking.returncode == 0
        assert [line.split()[-1] for line in out.decode().splitlines()] == [
            *("running", "first", "second")
        ]

    stand.deeds |= {"logs": logs, "restart": restart}
    told(stand, story)


@pytest.mark.parametrize("name", NAMES)
def test_a_client_that_knows_nothing_is_told_all(stand: Stand, name: str) -> None:
    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        token = showing(stand.token(role="viewer"))
        services = await _described(channel, name, token, list_services="")
        listed = [each.name for each in services.list_services_response.service]
        assert listed == ["grpc.health.v1.Health", "svcctl.v1.Control"]

        files = await _described(channel, name, token, file_containing_symbol="svcctl.v1.Control")
        pool = descriptor_pool.DescriptorPool()
        for each in reversed(files.file_descriptor_response.file_descriptor_proto):
            pool.Add(FileDescriptorProto.FromString(each))
        method: Any = pool.FindServiceByName("svcctl.v1.Control").FindMethodByName("Scale")
        request: Any = message_factory.GetMessageClass(method.input_type)()
        request.service, request.instances = "web", 3
        scale: Any = channel.unary_unary(f"/{method.containing_service.full_name}/{method.name}")
        await scale(request.SerializeToString(), metadata=showing(stand.token()))
        assert stand.given["instances"] == 3

    told(stand, story)


@pytest.mark.parametrize("symbol", ["svcctl.v1.Control.Restart", "google.rpc.ErrorInfo"])
def test_methods_and_details_of_errors_are_described_too(stand: Stand, symbol: str) -> None:
    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        token = showing(stand.token())
        found = await _described(channel, NAMES[0], token, file_containing_symbol=symbol)

        files = found.file_descriptor_response.file_descriptor_proto
        described = FileDescriptorProto.FromString(files[0])
        assert symbol.startswith(described.package)
        assert found.original_request.file_containing_symbol == symbol

    told(stand, story)


def test_what_is_no_question_is_a_mistake(stand: Stand) -> None:
    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        describe: Any = channel.stream_stream(f"/{NAMES[0]}/ServerReflectionInfo")
        asking = describe(iter([b"\xff"]), metadata=showing(stand.token()))
        assert (await failure(asking.read())).code() is grpc.StatusCode.INVALID_ARGUMENT

    told(stand, story)


async def _described(channel: grpc.aio.Channel, name: str, token: Any, **asked: Any) -> Any:
    describe: Any = channel.stream_stream(
        f"/{name}/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    request = reflection_pb2.ServerReflectionRequest(**asked)
    return await describe(iter([request]), metadata=token).read()
