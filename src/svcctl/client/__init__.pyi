from svcctl.client.control import Client as Client
from svcctl.client.control_async import AsyncClient as AsyncClient
from svcctl.client.shapes import EventItem as EventItem
from svcctl.client.shapes import LogItem as LogItem
from svcctl.client.shapes import Outcome as Outcome
from svcctl.client.shapes import Reply as Reply
from svcctl.client.shapes import Row as Row
from svcctl.client.shapes import Standing as Standing
