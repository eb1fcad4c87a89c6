"""A camera for tests: GStreamer's RTSP server on a loopback port.

usage: rtspServer.py PORT AUDIO.raw [USER PASSWORD]    (AUDIO: s16le, 16 kHz, mono; played for ever; PORT 0: any)

Paths: /pcmu /pcma /g722 /aac /opus /l16, /av (pictures first, then AAC), /pictures (no sound), /once (has an end),
/ts (AAC and pictures in an MPEG transport stream), /pcmu-udp and /pcmu-tcp (over the one transport only).
Prints "ready PORT". With a user, every path asks for digest authentication.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

UDP, TCP = 1, 4  # GstRtsp.RTSPLowerTrans, as well
DIGEST = 2  # GstRtsp.RTSPAuthMethod.DIGEST: not in the introspection data


def sound(path, rate, source="multifilesrc", options="loop=true"):
    return (
        f'{source} location="{path}" {options} ! rawaudioparse format=pcm pcm-format=s16le sample-rate=16000 '
        f"num-channels=1 ! audioconvert ! audioresample ! audio/x-raw,rate={rate},channels=1"
    )


def mounts(path):
    g711 = sound(path, 8000)
    pictures = "videotestsrc is-live=true ! video/x-raw,format=I420,width=160,height=120,framerate=5/1 ! jpegenc ! rtpjpegpay"
    once = sound(path, 8000, "filesrc", "")
    aac = f"{sound(path, 16000)} ! avenc_aac bitrate=64000 ! aacparse ! rtpmp4gpay"
    return {
        "/pcmu": f"{g711} ! mulawenc ! rtppcmupay name=pay0 pt=0 max-ptime=20000000",
        "/pcma": f"{g711} ! alawenc ! rtppcmapay name=pay0 pt=8 max-ptime=20000000",
        "/g722": f"{sound(path, 16000)} ! avenc_g722 ! rtpg722pay name=pay0 pt=9 max-ptime=20000000",
        "/aac": f"{aac} name=pay0 pt=96",
        "/opus": f"{sound(path, 48000)} ! opusenc bitrate=32000 ! rtpopuspay name=pay0 pt=97",
        "/l16": f"{sound(path, 16000)} ! rtpL16pay name=pay0 pt=98",
        "/av": f"{pictures} name=pay0 pt=26 {aac} name=pay1 pt=97",
        "/pictures": f"{pictures} name=pay0 pt=26",
        "/pcmu-udp": f"{g711} ! mulawenc ! rtppcmupay name=pay0 pt=0 max-ptime=20000000",
        "/pcmu-tcp": f"{g711} ! mulawenc ! rtppcmupay name=pay0 pt=0 max-ptime=20000000",
        "/ts": f"{sound(path, 16000)} ! avenc_aac bitrate=64000 ! aacparse ! mpegtsmux name=ts ! rtpmp2tpay name=pay0 pt=33 "
        "videotestsrc is-live=true ! video/x-raw,format=I420,width=160,height=128,framerate=25/1 ! avenc_mpeg4 ! mpeg4videoparse ! ts.",
        "/once": f"{once} ! mulawenc ! rtppcmupay name=pay0 pt=0 max-ptime=20000000",
    }


def factory(mount, launch, needs_user):
    made = GstRtspServer.RTSPMediaFactory()
    made.set_launch(f"( {launch} )")
    made.set_shared(mount != "/once")
    if mount.endswith("-udp"):
        made.set_protocols(GstRtsp.RTSPLowerTrans(UDP))
    if mount.endswith("-tcp"):
        made.set_protocols(GstRtsp.RTSPLowerTrans(TCP))
    if needs_user:
        permissions = GstRtspServer.RTSPPermissions.new()
        permissions.add_role("viewer")
        permissions.add_permission_for_role("viewer", "media.factory.access", True)
        permissions.add_permission_for_role("viewer", "media.factory.construct", True)
        made.set_permissions(permissions)
    return made


def digest(user, password):
    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(DIGEST)
    token = GstRtspServer.RTSPToken.new()
    token.set_string("media.factory.role", "viewer")
    auth.add_digest(user, password, token)
    return auth


def main():
    port, path, *user = sys.argv[1:]
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    for mount, launch in mounts(path).items():
        server.get_mount_points().add_factory(mount, factory(mount, launch, bool(user)))
    if user:
        server.set_auth(digest(*user))
    if server.attach(None) == 0:
        sys.exit("the port is taken")
    print("ready", server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


main()
