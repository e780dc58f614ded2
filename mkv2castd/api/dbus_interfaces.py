"""The interfaces of the daemon on D-Bus, as they are documented and introspected."""

from __future__ import annotations

from mkv2castd.api.bus_interface import Argument, Interface, Method, Property, Signal
from mkv2castd.api.dbus_values import NAME

JOB_ID = Argument("job_id", "s")
_ID = Argument("id", "s")
_JOB = Argument("job", "a{sv}")
_PATH = Argument("path", "s")
_OPTIONS = Argument("options", "a{sv}")
_FOLDER = Argument("name", "s")
_DEVICE = Argument("device_id", "s")
_MAY_JOBS = "Needs leave to manage jobs."
_MAY_FOLDERS = "Needs leave to manage folders."
_MAY_DAEMON = "Needs leave to manage the daemon."

MANAGER = Interface(
    f"{NAME}.Manager",
    "The queue and everything in it. Fields of a job have the names that they have in the HTTP interface; a field "
    "without a value is left out. A job's id is a UUID.",
    (
        Method(
            "Submit",
            (_PATH, _OPTIONS),
            (JOB_ID,),
            "Queues a film. The path is absolute; the file must lie in a watched folder. "
            "Options: profile (as), the devices that it has to play on; priority (i), -100 to 100, higher "
            "first; device (s), the id of the one that is to encode it; container (s), mkv, mp4 or webm. What is "
            f"left out is as its folder says. {_MAY_JOBS}",
        ),
        Method("Cancel", (JOB_ID,), (), f"Ends a job; an encode under way is gone when this returns. {_MAY_JOBS}"),
        Method("Pause", (JOB_ID,), (), f"Holds a job where it is; its status stays. {_MAY_JOBS}"),
        Method("Resume", (JOB_ID,), (), f"Lets a paused job go on. {_MAY_JOBS}"),
        Method("Retry", (JOB_ID,), (), f"Queues a failed or cancelled job again. {_MAY_JOBS}"),
        Method("Remove", (JOB_ID,), (), f"Forgets a finished job and its log. {_MAY_JOBS}"),
        Method(
            "SetPriority",
            (JOB_ID, Argument("priority", "i")),
            (),
            f"-100 to 100, higher first; within one priority, first come, first served. {_MAY_JOBS}",
        ),
        Method("GetJob", (JOB_ID,), (_JOB,), "All about a job, its attempts included."),
        Method(
            "ListJobs",
            (Argument("filter", "a{sv}"),),
            (Argument("jobs", "aa{sv}"), Argument("total", "u")),
            "Jobs, newest first. Filter: status (as); folder (s); text (s), a part of the file's name; id (s), how "
            "the id begins; offset (u); limit (u), 1 to 500, 50 where it is left out. total counts all that match.",
        ),
        Method(
            "GetLog",
            (JOB_ID,),
            (Argument("log", "s"),),
            "What ffmpeg said in all attempts; the end of it where it is longer than 4 MiB.",
        ),
        Method(
            "Analyze",
            (_PATH, _OPTIONS),
            (Argument("analysis", "a{sv}"),),
            "What would be done to a film, stream by stream, and why; nothing is done. The path is absolute; the "
            "file must lie in a watched folder, or be one that the caller could read. Options: profile (as), "
            "container (s).",
        ),
        Method(
            "ListProfiles",
            (),
            (Argument("profiles", "aa{sv}"),),
            "The devices that films can be made for, and what each of them plays.",
        ),
        Method(
            "PauseQueue",
            (),
            (),
            f"Nothing new begins, and what runs is suspended; also after a restart. {_MAY_JOBS}",
        ),
        Method("ResumeQueue", (), (), f"Ends that. {_MAY_JOBS}"),
        Method(
            "Reload",
            (),
            (),
            "Reads the configuration anew; where it has a fault, that is said and the old one is kept. "
            f"{_MAY_DAEMON}",
        ),
        Method(
            "AddFolder",
            (_PATH, Argument("settings", "a{sv}")),
            (Argument("folder", "o"),),
            "Watches a folder from now on, also after a restart. Settings: the keys that a [[folder]] of the "
            f"configuration has, path excepted. {_MAY_FOLDERS}",
        ),
        Method(
            "RemoveFolder",
            (_FOLDER,),
            (),
            "Watches it no longer; its films and jobs are left alone. Not for folders of the configuration's own "
            f"files. {_MAY_FOLDERS}",
        ),
        Method("ScanFolder", (_FOLDER,), (), f"Compares the folder now with what is known of it. {_MAY_FOLDERS}"),
        Method(
            "EnableDevice",
            (_DEVICE,),
            (),
            f"The device gets work again, whatever the configuration says; also after a restart. {_MAY_DAEMON}",
        ),
        Method(
            "DisableDevice",
            (_DEVICE,),
            (),
            f"The device gets no new work; also after a restart. {_MAY_DAEMON}",
        ),
    ),
    (
        Signal("JobAdded", (_ID, _JOB), "A job is new."),
        Signal(
            "JobChanged",
            (_ID, Argument("changed", "a{sv}")),
            "The fields of a job that are different now; absent (as) names those that have no value any more.",
        ),
        Signal("JobProgress", (_ID, Argument("progress", "a{sv}")), "How far a job is; once a second at most."),
        Signal(
            "JobFinished",
            (_ID, Argument("status", "s"), _JOB),
            "A job has come to its end: completed, failed or cancelled. Its object, if it had one, is gone next.",
        ),
        Signal("JobRemoved", (_ID,), "A job has been forgotten."),
    ),
    (
        Property("Version", "s", "Of the daemon.", constant=True),
        Property("Paused", "b", "Whether somebody has paused the queue."),
        Property("PauseReason", "s", "What holds the queue: requested, hours or battery; empty: nothing does."),
        Property("Processing", "u", "How many jobs are being worked on."),
        Property("Queued", "u", "How many jobs wait in the queue."),
        Property("Failed", "u", "How many jobs have failed."),
    ),
)

DEVICE = Interface(
    f"{NAME}.Device",
    "What encodes, or copies: a GPU, the processor (cpu), or the lane of films that need no encoding (remux).",
    properties=(
        Property("Id", "s", "As the methods want it.", constant=True),
        Property("Name", "s", "For people."),
        Property("Vendor", "s", "intel, amd, nvidia …; empty: it is no GPU."),
        Property("Kind", "s", "gpu, cpu or remux.", constant=True),
        Property("Encoders", "as", "Codecs that it has proved, hevc-10bit for those in 10 bits."),
        Property("Slots", "u", "How many jobs it works on at once."),
        Property("Enabled", "b", "Nobody has switched it off."),
        Property("Healthy", "b", "False where it gets no work although it is enabled; Problem says why."),
        Property("Problem", "s", "A sentence with its remedy; empty: there is none."),
        Property("Running", "ao", "The jobs that it works on."),
        Property("Queued", "u", "How many jobs wait for it."),
    ),
)

FOLDER = Interface(
    f"{NAME}.Folder",
    "A watched folder.",
    properties=(
        Property("Name", "s", "As the methods want it.", constant=True),
        Property("Path", "s", "Absolute."),
        Property("Output", "s", "Where its outputs go; empty: beside each film."),
        Property("Profile", "as", "What its films have to play on."),
        Property("State", "s", "starting, online, or offline while it is not there; its jobs are kept then."),
        Property("Problem", "s", "A sentence with its remedy; empty: there is none."),
        Property("Watching", "s", "inotify, poll, or none while it is not watched."),
        Property("Files", "u", "Films that are known to be there."),
        Property("Pending", "u", "Those of them that are not complete on disk yet."),
    ),
)

JOB = Interface(
    f"{NAME}.Job",
    "A job while it is being worked on; others are found by ListJobs. Changes are told once a second at most, a "
    "change of its status at once. A number that is not known is left out.",
    (
        Method("Cancel", (), (), f"As the Manager's. {_MAY_JOBS}"),
        Method("Pause", (), (), f"As the Manager's. {_MAY_JOBS}"),
        Method("Resume", (), (), f"As the Manager's. {_MAY_JOBS}"),
    ),
    properties=(
        Property("Id", "s", "As the Manager's methods want it.", constant=True),
        Property("Path", "s", "The film."),
        Property("Output", "s", "What is made of it; empty: not known yet."),
        Property("Status", "s", "processing; when it has changed, the object goes."),
        Property("Stage", "s", "What is being done: transcoding, remuxing, verifying, finalizing …"),
        Property("Progress", "d", "0 to 100; 100 only when the output is in place."),
        Property("EtaSeconds", "u", "How long it will still take, by its speed so far."),
        Property("Speed", "d", "Seconds of the film that are done in a second."),
        Property("Fps", "d", "Pictures that are done in a second."),
        Property("Device", "o", "What works on it; / while that is not decided."),
        Property("Attempt", "u", "Which attempt this is, from 1."),
        Property("Paused", "b", "Whether somebody has paused it."),
    ),
)

ALL = (MANAGER, DEVICE, FOLDER, JOB)
