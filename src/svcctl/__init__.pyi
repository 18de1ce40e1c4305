from svcctl.sdk.app import App as App
from svcctl.sdk.app import serve as serve
from svcctl.sdk.context import Context as Context
from svcctl.sdk.marks import check as check
from svcctl.sdk.marks import cron as cron
from svcctl.sdk.marks import every as every
from svcctl.sdk.service import Service as Service
from svcctl.sdk.threaded import ThreadContext as ThreadContext

__version__: str
