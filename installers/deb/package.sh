# Sourced by build.sh: builds a Debian package for the Python of this Debian.
# shellcheck shell=bash
#
#   build_deb VERSION   builds it from the clone into $DIST; VERSION instead of the clone's for a trial upgrade. Sets DEB
#
# The package's environment is for one place, /opt/outlive/VERSION. Its files lie below /usr/lib/outlive, and the
# package's scripts link them there (versions.py).

DEB_SOURCES="$ROOT/installers/deb"
# What the environment links to: the wheels' own floor of the C library, and the window's libraries.
DEB_DEPENDS=("libc6 (>= 2.34)" libgcc-s1 libstdc++6)
DEB_RECOMMENDS=(git fonts-noto-color-emoji)
# The modules and plugins of Qt that Outlive uses; every_sheet.py fails if one is missing.
QT_MODULES=(QtCore QtDBus QtGui QtSvg QtWidgets)
QT_PLUGINS=(
    iconengines imageformats platformthemes wayland-decoration-client
    wayland-graphics-integration-client wayland-shell-integration xcbglintegrations
    platforminputcontexts/libcomposeplatforminputcontextplugin.so platforminputcontexts/libibusplatforminputcontextplugin.so
    platforms/libqminimal.so platforms/libqoffscreen.so platforms/libqwayland.so platforms/libqxcb.so
)

# It has 55 MB; with all of PySide6, 97.
MAX_DEB_MB=65

require_deb_tools() {
    command -v dpkg-deb >/dev/null && command -v dpkg >/dev/null || fail "a Debian package is built on Debian or Ubuntu"
    PYTHON="$(readlink -f /usr/bin/python3)" # the system's, which the package depends on
    is_new_enough "$PYTHON" || fail "the system's Python is too old ($("$PYTHON" -V)); 3.11 or newer is needed"
    has_venv || fail "$PYTHON has no venv module; install it: $(for_root "apt-get install -y python3-venv")"
}

# make_base: an environment with all that Outlive needs, made once.
make_base() {
    [ ! -d "$WORK/base" ] || return 0
    say "installing what the package holds"
    "$PYTHON" -m venv --without-pip "$WORK/base" >>"$LOG" 2>&1 </dev/null || fail "$PYTHON -m venv failed. Details: $LOG"
    VENV="$WORK/builder" PIP_PYTHON="$WORK/base/bin/python" pip_install "$WHEEL[window]"
    prune_qt "$(echo "$WORK"/base/lib/python3*/site-packages)/PySide6"
}

# prune_qt PYSIDE: leaves of PySide6 its Python files, the modules and plugins above, and the libraries that these link to.
prune_qt() {
    local pyside kept="$WORK/kept" roots
    pyside="$(realpath "$1")"
    roots=("${QT_MODULES[@]/#/$pyside/}")
    roots=("${roots[@]/%/.abi3.so}")
    mapfile -t -O ${#roots[@]} roots < <(find "${QT_PLUGINS[@]/#/$pyside/Qt/plugins/}" -name '*.so' ! -name libqpdf.so)
    {
        printf '%s\n' "${roots[@]}" "$pyside"/*.py "$pyside"/support/*.py
        ldd "${roots[@]}" | sed -n 's|.* => \(/[^ ]*\) (.*|\1|p' | sort -u
    } | xargs realpath | LC_ALL=C sort -u >"$kept"
    find "$pyside" -type f | LC_ALL=C sort | LC_ALL=C comm -23 - "$kept" | tr '\n' '\0' | xargs -0 rm --
    find "$pyside" -depth \( -type d -empty -o -xtype l \) -delete
}

build_deb() {
    local version=$1 root="$WORK/deb-$1" place="/opt/outlive/$1" payload packages
    make_base
    payload="$root/usr/lib/outlive/$version"
    mkdir -p -- "$root/usr/lib/outlive"
    cp -a -- "$WORK/base" "$payload"
    VENV="$WORK/builder" PIP_PYTHON="$payload/bin/python" pip_install --no-deps --no-compile --force-reinstall "$WHEEL"
    packages="$(echo "$payload"/lib/python3*/site-packages)"
    say "packing version $version"
    move_shared_files "$payload" "$root"
    make_at_home "$payload" "$place" "$packages"
    write_desktop_files "$root" "$packages"
    mkdir -p -- "$root/usr/bin" "$root/usr/share/doc/outlive"
    ln -s /opt/outlive/current/bin/outlive "$root/usr/bin/outlive"
    install -m 755 -- "$DEB_SOURCES/versions.py" "$root/usr/lib/outlive/versions.py"
    install -D -m 644 -- "$DEB_SOURCES/outlive-old-versions.service" "$root/usr/lib/systemd/system/outlive-old-versions.service"
    mkdir -p -- "$root/usr/lib/systemd/system/multi-user.target.wants"
    ln -s ../outlive-old-versions.service "$root/usr/lib/systemd/system/multi-user.target.wants/outlive-old-versions.service"
    "$PYTHON" "$DEB_SOURCES/copyright.py" "$ROOT" "$packages" >"$root/usr/share/doc/outlive/copyright"
    gzip -9n <"$ROOT/CHANGELOG.md" >"$root/usr/share/doc/outlive/CHANGELOG.md.gz"
    printf 'outlive (%s+%s) unstable; urgency=medium\n\n  * See CHANGELOG.md.gz.\n\n -- %s  %s\n' "$version" "$(release)" "$(maintainer)" \
        "$(date -R -d "@${SOURCE_DATE_EPOCH:-$(stat -c %Y "$ROOT/CHANGELOG.md")}")" | gzip -9n >"$root/usr/share/doc/outlive/changelog.gz"
    install -D -m 644 -- "$DEB_SOURCES/lintian-overrides" "$root/usr/share/lintian/overrides/outlive"
    write_control "$root" "$version"
    # Directories and files that everybody may read, and only root may write, whatever the umask was.
    find "$payload/lib" \( -name '*.py' -o -name '*.so*' \) -exec chmod a-x {} +
    chmod -R u=rwX,go=rX "$root"
    mkdir -p -- "$DIST"
    DEB="$DIST/outlive_${version}+$(release)_$(dpkg --print-architecture).deb"
    dpkg-deb --root-owner-group --no-uniform-compression -Zzstd --build "$root" "$DEB" >>"$LOG" 2>&1 || fail "dpkg-deb failed: $(tail -n 1 "$LOG")"
    rm -rf -- "$root"
    check_deb_size
    say "built $DEB"
}

# check_deb_size: fails if the package holds much that it did not before, such as unused parts of Qt.
check_deb_size() {
    local size_mb=$(($(stat -c %s -- "$DEB") / 1000000))
    [ "$size_mb" -le "$MAX_DEB_MB" ] || fail "the package has $size_mb MB, more than $MAX_DEB_MB: $DEB"
}

# move_shared_files PAYLOAD ROOT: man page and completions, to where Debian has them.
move_shared_files() {
    local share=$1/share target=$2/usr/share
    mkdir -p -- "$target/man/man1" "$target/bash-completion/completions" "$target/zsh/vendor-completions" "$target/fish/vendor_completions.d"
    gzip -9n <"$share/man/man1/outlive.1" >"$target/man/man1/outlive.1.gz"
    cp -- "$share/bash-completion/completions/outlive" "$target/bash-completion/completions/outlive"
    cp -- "$share/zsh/site-functions/_outlive" "$target/zsh/vendor-completions/_outlive"
    cp -- "$share/fish/vendor_completions.d/outlive.fish" "$target/fish/vendor_completions.d/outlive.fish"
}

# make_at_home PAYLOAD PLACE PACKAGES: the environment works from its place alone, and names no other.
make_at_home() {
    local payload=$1 place=$2 packages=$3 version file
    version="$("$payload/bin/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
    find "$payload/bin" -mindepth 1 ! -name outlive -delete
    ln -s "/usr/bin/python$version" "$payload/bin/python"
    ln -s python "$payload/bin/python3"
    sed -i "1s|.*|#!$place/bin/python|" "$payload/bin/outlive"
    sed -i -e '/^command = /d' "$payload/pyvenv.cfg"
    rm -rf -- "$payload/share" "$payload/include" "$payload/lib64"
    # Records of the build's own places.
    rm -f -- "$packages"/outlive-*.dist-info/direct_url.json
    find "$payload" -name __pycache__ -prune -exec rm -rf -- {} +
    # Bytecode without times, which differ from system to system. Templates of PySide6's are no Python files.
    "$PYTHON" -m compileall -q -j 0 --invalidation-mode unchecked-hash -x '/PySide6/scripts/' -s "$payload" -p "$place" "$payload" \
        >>"$LOG" 2>&1 || fail "the package's Python files could not be compiled. Details: $LOG"
    file="$(grep -rlIF -- "$WORK" "$payload" | head -n 1)" || true
    [ -z "$file" ] || fail "a file of the package names the build's directory: $file"
}

# write_desktop_files ROOT PACKAGES: the entry of the desktop's menu, its icons, and what software centres show.
write_desktop_files() {
    local root=$1/usr/share size
    install -D -m 644 -- "$ROOT/resources/desktop/outlive.desktop" "$root/applications/outlive.desktop"
    install -D -m 644 -- "$ROOT/resources/desktop/outlive.metainfo.xml" "$root/metainfo/io.outlive.outlive.metainfo.xml"
    sed -i "s|@HOMEPAGE@|$(homepage)|; s|@VERSION@|$(clone_version)|; s|@DATE@|$(release_date)|" "$root/metainfo/io.outlive.outlive.metainfo.xml"
    install -D -m 644 -- "$ROOT/resources/icons/outlive.svg" "$root/icons/hicolor/scalable/apps/outlive.svg"
    for size in 16 24 32 48 64 128 256; do
        mkdir -p -- "$root/icons/hicolor/${size}x$size/apps"
    done
    PYTHONPATH="$2" QT_QPA_PLATFORM=offscreen "$PYTHON" - "$ROOT/resources/icons/outlive.svg" "$root/icons/hicolor" >>"$LOG" 2>&1 <<'PY' || fail "the icons cannot be drawn. Details: $LOG"
import sys
from pathlib import Path
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

QGuiApplication([])
renderer = QSvgRenderer(sys.argv[1])
for folder in Path(sys.argv[2]).glob("*x*"):
    size = int(folder.name.partition("x")[0])
    image = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    assert image.save(str(folder / "apps" / "outlive.png"))
PY
}

# The Debian or Ubuntu for whose Python the package is: deb12, ubuntu24.04.
release() { (. /etc/os-release && printf '%s%s' "${ID/debian/deb}" "${VERSION_ID:-}"); }
homepage() { sed -n '/^\[project.urls\]/,/^\[/s/^Homepage = "\(.*\)"/\1/p' "$ROOT/pyproject.toml"; }
release_date() { sed -n "s/^## $(clone_version), \(.*\)/\1/p" "$ROOT/CHANGELOG.md"; }
maintainer() { printf '%s <%s>' "${DEBFULLNAME:-Outlive contributors}" "${DEBEMAIL:-outlive@localhost.localdomain}"; }

# write_control ROOT VERSION
write_control() {
    local control=$1/DEBIAN name python depends=() recommends
    python="python$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
    depends=("$python" python3 "${DEB_DEPENDS[@]}")
    for name in "${WINDOW_PACKAGES[@]}"; do
        [ "$name" = fonts-noto-color-emoji ] || depends+=("${name//|/ | }")
    done
    recommends="$(printf '%s, ' "${DEB_RECOMMENDS[@]}")"
    mkdir -p -- "$control"
    {
        printf 'Package: outlive\nVersion: %s+%s\nArchitecture: %s\n' "$2" "$(release)" "$(dpkg --print-architecture)"
        printf 'Maintainer: %s\nHomepage: %s\n' "$(maintainer)" "$(homepage)"
        printf 'Installed-Size: %s\nSection: devel\nPriority: optional\n' "$(du -sk "$1/usr" | cut -f1)"
        printf 'Depends: %s\n' "$(printf '%s, ' "${depends[@]}" | sed 's/, $//')"
        printf 'Recommends: %s\n' "${recommends%, }"
        printf 'Description: agent chats that outlive their window\n'
        printf ' A desktop app and a command line for people who run coding agents: Claude Code,\n'
        printf ' Codex, opencode, Gemini, Copilot, Qwen Code, aider, a shell, any command, or a\n'
        printf ' model behind an OpenAI-compatible server.\n .\n'
        printf ' Each chat runs in its own small background process. Close the window, kill it,\n'
        printf ' let it crash: the agents keep working, and every chat is there afterwards.\n'
    } >"$control/control"
    for name in postinst prerm postrm; do
        sed "s|@VERSION@|$2|g" "$DEB_SOURCES/$name" >"$control/$name"
        chmod 755 "$control/$name"
    done
    (cd -- "$1" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) >"$control/md5sums"
}
