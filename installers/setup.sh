# Shared by run.sh and test.sh, which source it: system libraries and the Python environment.
# shellcheck shell=bash
#
#   find_python KIND        looks for a Python; PYTHON_PACKAGES is what Debian has to add to it
#   setup_system PACKAGE…   installs what is missing of these Debian packages (a|b: either will do), or says how
#   setup_environment KIND  makes .venv with what KIND ("run" or "test") needs; quick when nothing changed
#
# Everything is pinned by name and version in constraints.txt; where it comes from is pip's own
# configuration. Nothing here reads from standard input.

ROOT="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)"
VENV="$ROOT/.venv"
LOG="$ROOT/.venv.log"
INCOMPLETE="$VENV/.outlive-incomplete"

# What Qt's plugins for X11 and Wayland link to, beyond the C library, and fonts to draw with.
WINDOW_PACKAGES=(
    libegl1 libgl1 libopengl0 libxkbcommon0 libxkbcommon-x11-0 libx11-6 libx11-xcb1
    libxcb1 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render0 libxcb-render-util0
    libxcb-shape0 libxcb-shm0 libxcb-sync1 libxcb-util1 libxcb-xfixes0 libxcb-xkb1 libxcb-glx0
    libwayland-client0 libwayland-cursor0 libwayland-egl1
    libdbus-1-3 'libglib2.0-0t64|libglib2.0-0' libfontconfig1 libfreetype6 libzstd1 libbrotli1 libgssapi-krb5-2
    fontconfig fonts-dejavu-core fonts-noto-color-emoji
)

# What the tests use besides.
TEST_PACKAGES=(
    git zsh fish tcsh tmux procps openssh-client openssh-server libseccomp2 xvfb xdotool libxdamage1 xclip x11-apps x11-utils
    x11-xkb-utils openbox trayer sway grim wl-clipboard dbus-daemon at-spi2-core systemd dbus-user-session util-linux fonts-firacode
    chromium chromium-driver locales rpm apt-utils gpg gpg-agent
)

say() { printf '%s\n' "$*"; }

fail() {
    printf 'outlive: %s\n' "$*" >&2
    exit 1
}

LINK="${HOME:-}/.local/bin/outlive"

# link_command: makes LINK a link to this clone's command. Only a link to an outlive in another clone's .venv is replaced.
link_command() {
    local directory="${LINK%/*}"
    [ -n "${HOME:-}" ] && [ -d "$HOME" ] || fail "there is no home directory for the link"
    [ -x "$VENV/bin/outlive" ] || fail "Outlive is not set up here; run: bash $(printf '%q' "$ROOT/installers/run.sh") --setup-only"
    if [ -L "$LINK" ]; then
        case "$(readlink -- "$LINK")" in
            */.venv/bin/outlive) ;;
            *) fail "$LINK is a link to $(readlink -- "$LINK"), and stays; remove it first if you want this one" ;;
        esac
    elif [ -e "$LINK" ]; then
        fail "$LINK is there already, and stays; remove it first if you want this one"
    fi
    mkdir -p -- "$directory" && ln -sfn -- "$VENV/bin/outlive" "$LINK" || fail "cannot make $LINK"
    say "$LINK starts this clone's Outlive"
    case ":$PATH:" in
        *":$directory:"*) ;;
        *) say "$directory is not on your PATH yet: most systems add it at the next login; else add it to your shell's startup file" ;;
    esac
}

prepare_shell() {
    umask 022
    if [ -z "${HOME:-}" ] || [ ! -d "$HOME" ]; then
        HOME="$(getent passwd "$(id -u)" | cut -d: -f6)" || HOME=
        [ -d "$HOME" ] || HOME=/tmp
        export HOME
    fi
    # A surrounding Python's settings must not reach into .venv.
    unset PYTHONHOME PYTHONPATH PYTHONSTARTUP VIRTUAL_ENV
    export PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PYTHONNOUSERSITE=1
    # One setup at a time; the lock goes when this shell closes descriptor 9 (release_lock) or ends.
    { exec 9>>"$ROOT/.venv.lock"; } 2>/dev/null || fail "cannot write in $ROOT; clone into a directory of your own"
    if ! flock -n 9; then
        say "another setup is at work here; waiting for it"
        flock 9
    fi
}

release_lock() { exec 9>&-; }

# ------------------------------------------------------------------------------- system packages

# Prints the first alternative of a|b that the package lists know, else the last.
known_alternative() {
    local name
    for name in ${1//|/ }; do
        if [ -n "$(apt-cache show --no-all-versions "$name" 2>/dev/null)" ]; then break; fi
    done
    printf '%s' "$name"
}

missing_packages() {
    local wanted name found installed
    installed=" $(dpkg-query -W -f '${Package}:${db:Status-Status}\n' 2>/dev/null | sed -n 's/:installed$//p' | tr '\n' ' ')"
    for wanted in "$@"; do
        found=
        for name in ${wanted//|/ }; do
            case "$installed" in *" $name "*) found=yes ;; esac
        done
        [ -n "$found" ] || printf '%s\n' "$wanted"
    done
}

setup_system() {
    local missing name packages=() as_root=()
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        return 0 # no Debian: check_window_libraries says what is missing
    fi
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    for name in "${missing[@]}"; do packages+=("$(known_alternative "$name")"); done
    if [ "$(id -u)" != 0 ]; then
        if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
            as_root=(sudo -n)
        else
            ask_for_packages
        fi
    fi
    say "installing ${#packages[@]} system packages: ${packages[*]}"
    if [[ " ${packages[*]} " == *" openssh-server "* && -d /run/systemd/system ]]; then
        # The tests start it themselves, on loopback: this machine is not to be opened to others.
        "${as_root[@]}" systemctl mask --quiet ssh.service ssh.socket
        say "the service of openssh-server stays off; to use it: systemctl unmask ssh.service ssh.socket"
    fi
    if ! apt_install; then
        # The package lists may be missing or stale: refresh them, once.
        apt_run update || true
        # apt-get calls it a success when no server could be reached.
        if grep -q -E '^(Err:|W: Failed to fetch|E: )' "$LOG"; then
            fail "system packages are missing (${packages[*]}), and the package lists cannot be fetched: $(last_error). Details: $LOG"
        fi
        packages=()
        for name in "${missing[@]}"; do packages+=("$(known_alternative "$name")"); done
        apt_install || fail "system packages could not be installed ($(last_error)). Details: $LOG"
    fi
}

# Says at once all that is missing, so that nobody installs packages for run.sh, and then others for test.sh.
ask_for_packages() {
    local name tests=()
    while read -r name; do
        [[ " ${packages[*]} " == *" $name "* ]] || tests+=("$name")
    done < <(missing_packages "${TEST_PACKAGES[@]}")
    say "outlive: system packages are missing. Run this, then start again:" >&2
    say "  $(for_root "apt-get update && apt-get install -y --no-install-recommends ${packages[*]}")" >&2
    [ ${#tests[@]} = 0 ] || say "If you want to run installers/test.sh as well, add: ${tests[*]}" >&2
    exit 1
}

# for_root COMMANDS: what to type so that root runs them.
for_root() {
    if command -v sudo >/dev/null; then
        printf "sudo sh -c '%s'" "$1"
    elif command -v su >/dev/null; then
        printf "su - -c '%s'" "$1"
    else
        printf 'as root: %s' "$1"
    fi
}

apt_run() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=2 "$@" \
        </dev/null >"$LOG" 2>&1
}

apt_install() { apt_run install --no-install-recommends "${packages[@]}"; }

DISK_FULL="the disk is full: Python and its packages need some 500 MB in $ROOT"

# Whether what failed may have failed for lack of space: pip removes what it could not write to the end.
is_disk_full() {
    local left_mb
    left_mb="$(df --output=avail --block-size=1M -- "$ROOT" 2>/dev/null | tail -n 1)"
    [ "${left_mb:-1000}" -lt 100 ]
}

last_error() {
    grep -E '^(E:|W: Failed|ERROR:|error:|Err:)' "$LOG" | tail -n 1 | cut -c1-200
}

# --------------------------------------------------------------------------- the Python environment

PYTHON=
PYTHON_PACKAGES=()

# Finds a Python ≥ 3.11 for KIND's environment, if one has to be made; says in PYTHON_PACKAGES what Debian can add of it.
# The distribution's own comes first: another one was often compiled without optimisations, and is slower.
find_python() {
    local name
    if is_up_to_date "$1"; then return 0; fi
    for name in "${OUTLIVE_PYTHON:-}" /usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do
        [ -n "$name" ] && is_new_enough "$name" || continue
        PYTHON="$(command -v "$name")"
        if has_venv; then return 0; fi
    done
    if [ -n "$PYTHON" ]; then # a Python without venv is Debian's; another package has the rest
        PYTHON_PACKAGES=("python$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv")
    elif ! command -v python3 >/dev/null; then
        PYTHON_PACKAGES=(python3 python3-venv)
    fi
}

is_new_enough() { command -v "$1" >/dev/null && "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
has_venv() { "$PYTHON" -c 'import venv, ensurepip' 2>/dev/null; }

require_python() {
    [ -n "$PYTHON" ] || PYTHON="$(command -v python3 || true)"
    if [ -z "$PYTHON" ] || ! is_new_enough "$PYTHON"; then
        fail "Python 3.11 or newer is needed, found: $(python3 -V 2>/dev/null || echo none). Install one, or name it in OUTLIVE_PYTHON"
    fi
    has_venv || fail "$PYTHON has no venv module; install it (Debian: $(for_root "apt-get install -y python3-venv"))"
}

# What decides whether an environment is up to date: its inputs, its place, its Python.
stamp_of() {
    {
        printf '%s\n' "$1" "$ROOT"
        cat "$ROOT/pyproject.toml" "$ROOT/installers/constraints.txt"
        readlink -f "$VENV/bin/python"
    } | sha256sum | cut -d' ' -f1
}

is_sound() {
    [ ! -e "$INCOMPLETE" ] && "$VENV/bin/python" -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

is_up_to_date() {
    [ ! -e "$INCOMPLETE" ] && [ -x "$VENV/bin/outlive" ] && [ -x "$VENV/bin/python" ] &&
        [ "$(cat "$VENV/.outlive-$1" 2>/dev/null)" = "$(stamp_of "$1")" ] && "$VENV/bin/python" -c '' 2>/dev/null
}

setup_environment() {
    local kind=$1 extras=window,web
    if is_up_to_date "$kind"; then return 0; fi
    require_python
    if [ -e "$VENV" ] && ! is_sound; then
        say "the environment in .venv is incomplete or broken; making it again"
        rm -rf -- "$VENV"
    fi
    if [ ! -d "$VENV" ]; then
        say "making .venv with $("$PYTHON" -V)"
        local said why=""
        said="$("$PYTHON" -m venv "$VENV" 2>&1 </dev/null)" || {
            why="$PYTHON -m venv failed: ${said##*$'\n'}"
            ! is_disk_full || why="$DISK_FULL"
            rm -rf -- "$VENV"
            fail "$why"
        }
    fi
    : >"$INCOMPLETE" # until the end: what is interrupted now is made again next time
    [ "$kind" = run ] || extras="window,web,figures,$kind"
    say "installing Python packages"
    : >"$LOG"
    pip_install setuptools
    pip_install --no-build-isolation --editable "$ROOT[$extras]"
    name_clone_in_ascii
    check_window_libraries
    # test includes what run needs
    [ "$kind" = run ] || stamp_of run >"$VENV/.outlive-run"
    stamp_of "$kind" >"$VENV/.outlive-$kind"
    rm -f -- "$INCOMPLETE"
}

# Python reads the file that names this clone in the locale's encoding, and does not start if it cannot: in the locale
# "C", or in one that the machine lacks, if the clone's path has a letter that is not ASCII. pip writes it so, too.
name_clone_in_ascii() {
    local file
    for file in "$VENV"/lib/python3*/site-packages/__editable__.outlive-*.pth; do
        [ ! -e "$file" ] || echo ../../../.. >"$file" # from there
    done
}

pip_install() {
    LC_ALL=C.UTF-8 "$VENV/bin/python" -m pip install --quiet --retries 2 --timeout 20 --constraint "$ROOT/installers/constraints.txt" "$@" \
        </dev/null >>"$LOG" 2>&1 && return 0
    if grep -q -E 'CERTIFICATE_VERIFY_FAILED|SSLCertVerificationError' "$LOG"; then
        fail "the package index has a certificate that pip does not know, as behind a company's proxy; name the file with yours: PIP_CERT=/path/to/ca.pem. Details: $LOG"
    fi
    if grep -q -E 'NewConnectionError|ConnectTimeout|Temporary failure in name resolution|Network is unreachable|ProxyError|Max retries' "$LOG"; then
        fail "Python packages could not be fetched: no network, or no way to the package index. Details: $LOG"
    fi
    if is_disk_full || grep -q 'No space left on device' "$LOG"; then
        fail "$DISK_FULL"
    fi
    fail "Python packages could not be installed ($(last_error)). Details: $LOG"
}

check_window_libraries() {
    local platforms lost
    platforms="$("$VENV/bin/python" -c 'import PySide6, os; print(os.path.join(os.path.dirname(PySide6.__file__), "Qt", "plugins", "platforms"))')" ||
        fail "the Qt libraries in .venv cannot be used. Details: $LOG"
    command -v ldd >/dev/null && [ -e "$platforms/libqxcb.so" ] || return 0
    lost="$(ldd "$platforms/libqxcb.so" 2>/dev/null | sed -n 's/^[[:space:]]*\([^ ]*\) => not found.*/\1/p' | sort -u | tr '\n' ' ')"
    [ -z "$lost" ] || fail "system libraries which Qt needs are missing; install the packages that hold: $lost"
}
