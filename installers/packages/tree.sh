# Sourced by build.sh: the files that each package of a system has, for the Python of this system.
# shellcheck shell=bash
#
#   build_tree DIRECTORY VERSION   makes them below DIRECTORY
#
# The environment is for one place, /opt/outlive/VERSION. Its files lie below /usr/lib/outlive, and the packages' scripts
# link them there (versions.py).

# The modules and plugins of Qt that Outlive uses; every_sheet.py fails if one is missing.
QT_MODULES=(QtCore QtDBus QtGui QtSvg QtWidgets)
QT_PLUGINS=(
    iconengines imageformats platformthemes wayland-decoration-client
    wayland-graphics-integration-client wayland-shell-integration xcbglintegrations
    platforminputcontexts/libcomposeplatforminputcontextplugin.so platforminputcontexts/libibusplatforminputcontextplugin.so
    platforms/libqminimal.so platforms/libqoffscreen.so platforms/libqwayland.so platforms/libqxcb.so
)

# make_base: an environment with all that Outlive needs, made once.
make_base() {
    [ ! -d "$WORK/base" ] || return 0
    say "installing what the package holds"
    "$PYTHON" -m venv --without-pip "$WORK/base" >>"$LOG" 2>&1 </dev/null || fail "$PYTHON -m venv failed. Details: $LOG"
    VENV="$WORK/builder" PIP_PYTHON="$WORK/base/bin/python" pip_install "$WHEEL[window,web]"
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

build_tree() {
    local root=$1 version=$2 payload packages
    make_base
    payload="$root/usr/lib/outlive/$version"
    mkdir -p -- "$root/usr/lib/outlive"
    cp -a -- "$WORK/base" "$payload"
    VENV="$WORK/builder" PIP_PYTHON="$payload/bin/python" pip_install --no-deps --no-compile --force-reinstall "$WHEEL"
    packages="$(echo "$payload"/lib/python3*/site-packages)"
    say "packing version $version"
    move_shared_files "$payload" "$root"
    make_at_home "$payload" "/opt/outlive/$version" "$packages"
    write_desktop_files "$root" "$packages"
    mkdir -p -- "$root/usr/bin" "$root/usr/share/doc/outlive"
    ln -s /opt/outlive/current/bin/outlive "$root/usr/bin/outlive"
    install -m 755 -- "$PACKAGE_SOURCES/versions.py" "$root/usr/lib/outlive/versions.py"
    install -D -m 644 -- "$PACKAGE_SOURCES/outlive-old-versions.service" "$root/usr/lib/systemd/system/outlive-old-versions.service"
    mkdir -p -- "$root/usr/lib/systemd/system/multi-user.target.wants"
    ln -s ../outlive-old-versions.service "$root/usr/lib/systemd/system/multi-user.target.wants/outlive-old-versions.service"
    "$PYTHON" "$PACKAGE_SOURCES/copyright.py" "$ROOT" "$packages" >"$root/usr/share/doc/outlive/copyright"
    gzip -9n <"$ROOT/CHANGELOG.md" >"$root/usr/share/doc/outlive/CHANGELOG.md.gz"
    # Directories and files that everybody may read, and only root may write, whatever the umask was.
    find "$payload/lib" \( -name '*.py' -o -name '*.so*' \) -exec chmod a-x {} +
    chmod -R u=rwX,go=rX "$root"
}

# move_shared_files PAYLOAD ROOT: man page and completions, to where systems have them.
move_shared_files() {
    local share=$1/share target=$2/usr/share
    mkdir -p -- "$target/man/man1" "$target/bash-completion/completions" "$target/zsh/vendor-completions" \
        "$target/zsh/site-functions" "$target/fish/vendor_completions.d"
    gzip -9n <"$share/man/man1/outlive.1" >"$target/man/man1/outlive.1.gz"
    cp -- "$share/bash-completion/completions/outlive" "$target/bash-completion/completions/outlive"
    # Debian's zsh looks in the first, the others' in the second.
    cp -- "$share/zsh/site-functions/_outlive" "$target/zsh/vendor-completions/_outlive"
    ln -s ../vendor-completions/_outlive "$target/zsh/site-functions/_outlive"
    cp -- "$share/fish/vendor_completions.d/outlive.fish" "$target/fish/vendor_completions.d/outlive.fish"
}

# make_at_home PAYLOAD PLACE PACKAGES: the environment works from its place alone, and names no other.
make_at_home() {
    local payload=$1 place=$2 packages=$3 version file
    version="$("$payload/bin/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
    find "$payload/bin" -mindepth 1 ! -name outlive -delete
    ln -s "/usr/bin/python$version" "$payload/bin/python"
    ln -s python "$payload/bin/python3"
    # -E: the user's PYTHONPATH and PYTHONHOME are the chats'.
    sed -i "1s|.*|#!$place/bin/python -E|" "$payload/bin/outlive"
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
