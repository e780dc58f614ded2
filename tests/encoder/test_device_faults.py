"""What ffmpeg says of devices, in the words that it has used, and what people are told of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mkv2castd.device import Backend, Gpu, Vendor
from mkv2castd.encoder.device_faults import UNSUPPORTED, Cause, explain

NODE = Path("/dev/dri/renderD128")
FROM_71 = "[vost#0:0/x @ 0x5] Error while opening encoder - maybe incorrect parameters such as bit_rate, rate.\n"


def gpu(vendor: Vendor) -> Gpu:
    return Gpu("pci-0000_03_00_0", "a card", vendor, node=NODE)


# (backend, vendor, what ffmpeg printed, cause, words that people are told)
ROWS = [
    (
        Backend.VAAPI,
        Vendor.INTEL,
        "[AVHWDeviceContext @ 0x5] libva: va_openDriver() returns -1\n"
        "[AVHWDeviceContext @ 0x5] Failed to initialise VAAPI connection: -1 (unknown libva error).\n"
        "Device creation failed: -5.\n",
        Cause.UNREACHABLE,
        "apt-get install intel-media-va-driver-non-free",
    ),
    (
        Backend.VAAPI,
        Vendor.AMD,
        "[AVHWDeviceContext @ 0x5] Failed to initialise VAAPI connection: -1 (unknown libva error).\n",
        Cause.UNREACHABLE,
        "apt-get install mesa-va-drivers",
    ),
    (
        Backend.VAAPI,
        Vendor.INTEL,
        "[AVHWDeviceContext @ 0x5] libva: /x_drv_video.so init failed\n"
        "[AVHWDeviceContext @ 0x5] Failed to initialise VAAPI connection: 1 (operation failed).\n",
        Cause.UNREACHABLE,
        "dmesg",
    ),
    (
        Backend.VAAPI,
        Vendor.AMD,
        "[AVHWDeviceContext @ 0x5] Failed to open /dev/dri/renderD128 as DRM device node.\n"
        "[AVHWDeviceContext @ 0x5] No VA display found for device /dev/dri/renderD128.\n"
        "Device creation failed: -22.\n",
        Cause.UNREACHABLE,
        "/dev/dri/renderD128 cannot be opened: is it there, and may this user open it? Let the user into its group: "
        "usermod -aG render USER",
    ),
    (
        Backend.VAAPI,
        Vendor.AMD,
        "[AVHWDeviceContext @ 0x5] Cannot open a VA display from DRM device /dev/dri/renderD128.\n"
        "Device creation failed: -542398533.\n",
        Cause.UNREACHABLE,
        "no render node",
    ),
    (
        Backend.VAAPI,
        Vendor.INTEL,
        "[AVHWDeviceContext @ 0x5] libva: vaGetDriverNames() failed with unknown libva error\n"
        "[hevc_vaapi @ 0x5] No usable encoding profile found.\n" + FROM_71,
        Cause.UNSUPPORTED,
        UNSUPPORTED,
    ),
    (
        Backend.VAAPI,
        Vendor.INTEL,
        "[h264_vaapi @ 0x5] Failed to create encode pipeline context: 34 (HW busy now).\n",
        Cause.BUSY,
        "try again",
    ),
    (
        Backend.VAAPI,
        Vendor.AMD,
        "[h264_vaapi @ 0x5] Failed to create encode pipeline context: 2 (resource allocation failed).\n",
        Cause.BUSY,
        "no memory",
    ),
    (
        Backend.VAAPI,
        Vendor.INTEL,
        "[h264 @ 0x5] Failed to create decode configuration: 13 (the requested VAEntryPoint is not supported).\n"
        "[h264 @ 0x5] Failed setup for format vaapi: hwaccel initialisation returned error.\nConversion failed!\n",
        Cause.UNSUPPORTED,
        UNSUPPORTED,
    ),
    (
        Backend.NVENC,
        Vendor.NVIDIA,
        "[h264_nvenc @ 0x5] Cannot load libcuda.so.1\n" + FROM_71,
        Cause.UNREACHABLE,
        "apt-get install libnvidia-encode1",
    ),
    (
        Backend.NVENC,
        Vendor.NVIDIA,
        "[AVHWDeviceContext @ 0x5] Cannot load libcuda.so.1\n"
        "[AVHWDeviceContext @ 0x5] Could not dynamically load CUDA\n",
        Cause.UNREACHABLE,
        "apt-get install libnvidia-encode1",
    ),
    (
        Backend.NVENC,
        Vendor.NVIDIA,
        "[h264_nvenc @ 0x5] OpenEncodeSessionEx failed: out of memory (10): (no details)\n"
        "[h264_nvenc @ 0x5] No capable devices found\n",
        Cause.BUSY,
        "try again",
    ),
    (
        Backend.NVENC,
        Vendor.NVIDIA,
        "[h264_nvenc @ 0x5] OpenEncodeSessionEx failed: incompatible client key (21): (no details)\n"
        "[h264_nvenc @ 0x5] No capable devices found\n",
        Cause.BUSY,
        "takes at once",
    ),
    (
        Backend.NVENC,
        Vendor.NVIDIA,
        "[h264_nvenc @ 0x5] OpenEncodeSessionEx failed: unsupported device (2): (no details)\n"
        "[h264_nvenc @ 0x5] No capable devices found\n",
        Cause.UNSUPPORTED,
        UNSUPPORTED,
    ),
    (
        Backend.NVENC,
        Vendor.NVIDIA,
        "[hevc_nvenc @ 0x5] 10 bit encode not supported\n[hevc_nvenc @ 0x5] No capable devices found\n",
        Cause.UNSUPPORTED,
        UNSUPPORTED,
    ),
    (
        Backend.NVENC,
        Vendor.NVIDIA,
        "[h264_nvenc @ 0x5] Driver does not support the required nvenc API version. Required: 12.1 Found: 11.1\n"
        "[h264_nvenc @ 0x5] The minimum required Nvidia driver for nvenc is 530.41.03 or newer\n",
        Cause.UNREACHABLE,
        "older than this ffmpeg needs",
    ),
    (
        Backend.QSV,
        Vendor.INTEL,
        "[h264_qsv @ 0x5] Error creating a MFX session: -9.\n" + FROM_71,
        Cause.UNREACHABLE,
        "libmfx-gen1.2",
    ),
    (
        Backend.VULKAN,
        Vendor.AMD,
        "[AVHWDeviceContext @ 0x5] Instance creation failure: VK_ERROR_INCOMPATIBLE_DRIVER\n"
        "Device creation failed: -542398533.\n",
        Cause.UNREACHABLE,
        "mesa-vulkan-drivers",
    ),
    (
        Backend.VULKAN,
        Vendor.NVIDIA,
        "[AVHWDeviceContext @ 0x5] Instance creation failure: VK_ERROR_INCOMPATIBLE_DRIVER\n",
        Cause.UNREACHABLE,
        "nvidia-vulkan-icd",
    ),
    (
        Backend.V4L2M2M,
        Vendor.OTHER,
        "[h264_v4l2m2m @ 0x5] Could not find a valid device\n[h264_v4l2m2m @ 0x5] can't configure encoder\n",
        Cause.UNSUPPORTED,
        UNSUPPORTED,
    ),
    (Backend.AMF, Vendor.AMD, "Unknown encoder 'h264_amf'\n", Cause.UNSUPPORTED, "built without it"),
    (
        Backend.AMF,
        Vendor.AMD,
        "[h264_amf @ 0x5] DLL libamfrt64.so.1 failed to open\n",
        Cause.UNREACHABLE,
        "AMD's own",
    ),
    (
        Backend.VAAPI,
        Vendor.AMD,
        "[h264_vaapi @ 0x5] Failed to end picture encode issue: 24 (internal encoding error).\n"
        "[h264_vaapi @ 0x5] Encode failed: -5.\nVideo encoding failed\n",
        Cause.LOST,
        "dmesg",
    ),
    (
        Backend.VAAPI,
        Vendor.INTEL,
        "[h264_vaapi @ 0x5] Failed to sync to picture completion: 1 (operation failed).\n",
        Cause.LOST,
        "went away",
    ),
    (
        Backend.QSV,
        Vendor.INTEL,
        "[h264_qsv @ 0x5] Error during encoding: device failed (-17)\nVideo encoding failed\n",
        Cause.LOST,
        "dmesg",
    ),
    (
        Backend.NVENC,
        Vendor.NVIDIA,
        "[AVHWDeviceContext @ 0x5] cu->cuMemcpy2DAsync(&cpy, hwctx->stream) failed -> CUDA_ERROR_LAUNCH_FAILED: "
        "unspecified launch failure\n",
        Cause.LOST,
        "dmesg",
    ),
    (
        Backend.NVENC,
        Vendor.NVIDIA,
        "[h264_nvenc @ 0x5] EncodePicture failed!: generic error (20): (no details)\n",
        Cause.LOST,
        "dmesg",
    ),
    (Backend.VULKAN, Vendor.AMD, "[h264_vulkan @ 0x5] Unable to submit: VK_ERROR_DEVICE_LOST\n", Cause.LOST, "dmesg"),
]


@pytest.mark.parametrize(("backend", "vendor", "stderr", "cause", "words"), ROWS)
def test_people_are_told_what_it_is_and_what_helps(
    backend: Backend, vendor: Vendor, stderr: str, cause: Cause, words: str
) -> None:
    fault = explain(gpu(vendor), backend, stderr)
    assert fault is not None
    assert fault.cause is cause
    assert words in fault.problem
    assert "{" not in fault.problem


def test_what_is_not_in_the_table_is_not_explained() -> None:
    stderr = "[h264_vaapi @ 0x5] Something that nobody has seen before.\n"
    assert explain(gpu(Vendor.INTEL), Backend.VAAPI, stderr) is None
