"""The methods of the Manager and of the Job objects: each asks for leave where it changes something, then `Verbs`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from uuid import UUID

from mkv2castd.api import dbus_requests, render, requests, variants
from mkv2castd.api.bus_interface import BusError, Caller, Handler
from mkv2castd.api.dbus_values import folder_path
from mkv2castd.api.permission import Allow, Registry, VerbKind
from mkv2castd.api.verbs import Verbs
from mkv2castd.errors import ErrorCode, RequestError
from mkv2castd.wishes import Reader

LONGEST_LOG = 4 * 2**20  # characters; the bus cuts off who sends too much at once

_Given = Sequence[object]


class Methods:
    """registry: where it is known who the callers are. settled: waits until what has happened is told.

    Every fault is raised as RequestError or ConfigError, which the bus turns into an error with a name.
    """

    def __init__(
        self, verbs: Verbs, allow: Allow, registry: Registry, settled: Callable[[], Awaitable[None]]
    ) -> None:
        self._verbs = verbs
        self._allow = allow
        self._registry = registry
        self._settled = settled

    def manager(self) -> Mapping[str, Handler]:
        verbs = self._verbs
        return {
            "Submit": self._submit,
            "Cancel": self._of_job(verbs.cancel),
            "Pause": self._of_job(verbs.pause),
            "Resume": self._of_job(verbs.resume),
            "Retry": self._of_job(verbs.retry),
            "Remove": self._of_job(verbs.remove),
            "SetPriority": self._set_priority,
            "GetJob": self._get_job,
            "ListJobs": self._list_jobs,
            "GetLog": self._get_log,
            "Analyze": self._analyze,
            "ListProfiles": self._list_profiles,
            "PauseQueue": self._plain(VerbKind.JOBS, verbs.pause_queue),
            "ResumeQueue": self._plain(VerbKind.JOBS, verbs.resume_queue),
            "Reload": self._plain(VerbKind.DAEMON, verbs.reload),
            "AddFolder": self._add_folder,
            "RemoveFolder": self._named(VerbKind.FOLDERS, verbs.remove_folder),
            "ScanFolder": self._named(VerbKind.FOLDERS, verbs.scan_folder),
            "EnableDevice": self._named(VerbKind.DAEMON, verbs.enable_device),
            "DisableDevice": self._named(VerbKind.DAEMON, verbs.disable_device),
        }

    def job(self, job_id: UUID) -> Mapping[str, Handler]:
        verbs = self._verbs
        return {
            "Cancel": self._plain(VerbKind.JOBS, lambda: verbs.cancel(job_id)),
            "Pause": self._plain(VerbKind.JOBS, lambda: verbs.pause(job_id)),
            "Resume": self._plain(VerbKind.JOBS, lambda: verbs.resume(job_id)),
        }

    async def _submit(self, caller: Caller, path: str, options: Mapping[str, object]) -> _Given:
        await self._allow.allow(VerbKind.JOBS, caller)
        asked = dbus_requests.submission(path, options)
        job = await self._verbs.submit(
            requests.source_path(asked.path),
            profile=asked.profile,
            container=asked.container,
            priority=asked.priority,
            device=asked.device,
            reader=await self._reader(caller),
        )
        await self._settled()
        return (str(job.id),)

    async def _set_priority(self, caller: Caller, job_id: str, priority: int) -> _Given:
        await self._allow.allow(VerbKind.JOBS, caller)
        await self._verbs.set_priority(dbus_requests.job_id(job_id), priority)
        await self._settled()
        return ()

    async def _get_job(self, caller: Caller, job_id: str) -> _Given:
        job = await self._verbs.job(dbus_requests.job_id(job_id))
        attempts = await self._verbs.attempts(job.id)
        return (variants.dictionary(render.job_view(job, self._verbs.progress(job.id), attempts)),)

    async def _list_jobs(self, caller: Caller, wanted: Mapping[str, object]) -> _Given:
        page = await self._verbs.jobs(dbus_requests.query(wanted))
        shown = [variants.dictionary(render.job_view(job, self._verbs.progress(job.id))) for job in page.jobs]
        return shown, page.total

    async def _get_log(self, caller: Caller, job_id: str) -> _Given:
        return ((await self._verbs.log(dbus_requests.job_id(job_id)))[-LONGEST_LOG:],)

    async def _analyze(self, caller: Caller, path: str, options: Mapping[str, object]) -> _Given:
        asked = dbus_requests.analysis(path, options)
        analysis = await self._verbs.analyze(
            requests.source_path(asked.path),
            profile=asked.profile,
            container=asked.container,
            reader=await self._reader(caller),
        )
        return (variants.dictionary(render.analysis_view(analysis)),)

    async def _list_profiles(self, caller: Caller) -> _Given:
        return ([variants.dictionary(render.profile_view(facts)) for facts in self._verbs.profiles()],)

    async def _add_folder(self, caller: Caller, path: str, settings: Mapping[str, object]) -> _Given:
        await self._allow.allow(VerbKind.FOLDERS, caller)
        facts = await self._verbs.add_folder(requests.source_path(path), settings)
        await self._settled()
        return (folder_path(facts.name),)

    def _of_job(self, verb: Callable[[UUID], Awaitable[object]]) -> Handler:
        async def handler(caller: Caller, job_id: str) -> _Given:
            await self._allow.allow(VerbKind.JOBS, caller)
            await verb(dbus_requests.job_id(job_id))
            await self._settled()
            return ()

        return handler

    def _named(self, kind: VerbKind, verb: Callable[[str], Awaitable[object]]) -> Handler:
        async def handler(caller: Caller, name: str) -> _Given:
            await self._allow.allow(kind, caller)
            await verb(name)
            await self._settled()
            return ()

        return handler

    def _plain(self, kind: VerbKind, verb: Callable[[], Awaitable[object]]) -> Handler:
        async def handler(caller: Caller) -> _Given:
            await self._allow.allow(kind, caller)
            await verb()
            await self._settled()
            return ()

        return handler

    async def _reader(self, caller: Caller) -> Reader:
        """Raises RequestError (not_authorized): a caller that has left may read nothing."""
        try:
            found = await self._registry.credentials(caller.unique_name)
        except BusError as error:
            raise RequestError(ErrorCode.NOT_AUTHORIZED, f"it is not known who asks: {error.message}") from error
        return Reader(found.uid, found.groups)
