from svcctl.sdk.app import App as App
from svcctl.sdk.app import serve as serve
from svcctl.sdk.config.restart import restart as restart
from svcctl.sdk.config.secret import Secret as Secret
from svcctl.sdk.config.secret import secret as secret
from svcctl.sdk.context import Context as Context
from svcctl.sdk.crash.restart import take_listeners as take_listeners
from svcctl.sdk.files import lock_file as lock_file
from svcctl.sdk.files import temp_file as temp_file
from svcctl.sdk.files import temp_folder as temp_folder
from svcctl.sdk.marks import check as check
from svcctl.sdk.marks import cron as cron
from svcctl.sdk.marks import every as every
from svcctl.sdk.marks import resumes as resumes
from svcctl.sdk.service import Service as Service
from svcctl.sdk.threaded import ThreadContext as ThreadContext
from svcctl.sdk.traits import Traits as Traits
from svcctl.spec.units import Command as Command
from svcctl.spec.units import Duration as Duration
from svcctl.spec.units import Percent as Percent
from svcctl.spec.units import Regex as Regex
from svcctl.spec.units import Size as Size

__version__: str
