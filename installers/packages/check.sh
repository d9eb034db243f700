# Sourced by release.sh: tries the packages of two trial releases in clean systems, in namespaces of their own.
# shellcheck shell=bash
#
#   check_release   makes the releases from the last commit, and installs, uses, upgrades and removes each package
#
# OUTLIVE_CLEAN_SYSTEM names a tar file with the clean system, which is used again; it is made if it is missing.
# OUTLIVE_TRIAL names a directory for the releases, which are used again, too.

CHECK_PACKAGES=(debootstrap util-linux makepkg pacman-package-manager libarchive-tools fakeroot zstd)

# ready_to_check: fails with a line unless this machine can.
ready_to_check() {
    [ "$(id -u)" = 0 ] || fail "--check needs root, for clean systems"
    setup_system "${CHECK_PACKAGES[@]}"
    unshare --mount --pid --fork --mount-proc true 2>/dev/null || fail "this system allows no namespaces"
}

# make_clean_system DIRECTORY: the same Debian or Ubuntu as here, from the same mirror. Fails without a network.
make_clean_system() {
    local mirror suite
    mkdir -m 755 -- "$1"
    if [ -e "${OUTLIVE_CLEAN_SYSTEM:-}" ]; then
        tar -C "$1" -xf "$OUTLIVE_CLEAN_SYSTEM"
        return
    fi
    # shellcheck disable=SC1091
    suite="$(. /etc/os-release && printf '%s' "$VERSION_CODENAME")"
    mirror="$(apt-get indextargets --format '$(REPO_URI) $(SUITE) $(COMPONENT)' 'Created-By: Packages' |
        sed -n "s|^\(.*\) $suite main$|\1|p;s|^\(.*\) stable main$|\1|p" | head -n 1)"
    say "making a clean system ($suite)"
    debootstrap --variant=minbase ${mirror:+--include=ca-certificates} "$suite" "$1" ${mirror:+"$mirror"} >>"$LOG" 2>&1 </dev/null || return 1
    cp -- /etc/resolv.conf "$1/etc/resolv.conf" 2>/dev/null || true
    cp -r -- /etc/apt/apt.conf.d/. "$1/etc/apt/apt.conf.d/" 2>/dev/null || true
    chroot "$1" apt-get -q update >>"$LOG" 2>&1 </dev/null || return 1
    if [ -n "${OUTLIVE_CLEAN_SYSTEM:-}" ]; then tar -C "$1" -cf "$OUTLIVE_CLEAN_SYSTEM" .; fi
}

# make_trial DIRECTORY: two releases after the last commit, DIRECTORY/1 and DIRECTORY/2, and of each the package for Arch.
make_trial() {
    local trial="$WORK/trial" key="trial@localhost.localdomain" last version number
    git clone --quiet -- "$ROOT" "$trial"
    last="$(sed -n 's/^VERSION = "\(.*\)"/\1/p' "$trial/session_host/version.py")"
    gpg --batch --quiet --passphrase '' --quick-generate-key "Trial <$key>" ed25519 sign never 2>>"$LOG"
    for number in 1 2; do
        version="${last%.*}.$((${last##*.} + number))"
        sed -i "s/^VERSION = .*/VERSION = \"$version\"/" "$trial/session_host/version.py"
        sed -i "0,/^## /s/^## .*/## $version, $(date +%Y-%m-%d)\n\n- Trial $number.\n\n&/" "$trial/CHANGELOG.md"
        sed -i 's|^Homepage = .*|Homepage = "https://outlive.test"|' "$trial/pyproject.toml"
        git -C "$trial" -c user.name=Trial -c user.email="$key" commit --quiet --all --message "trial $number"
        git -C "$trial" tag "v$version"
        say "trial release $version"
        [ -d "$1/$number/apt" ] || OUTLIVE_SIGNING_KEY=$key bash "$trial/installers/release.sh" "v$version" "$1/$number" || exit
        [ -e "$1/$number"/*.pkg.tar.* ] || make_arch_package "$1/$number"
    done
}

# make_arch_package RELEASE: as a user of Arch does, with the Python of this system.
make_arch_package() {
    local build="$WORK/arch"
    say "building the package for Arch with makepkg"
    rm -rf -- "$build"
    mkdir -m 755 -- "$build"
    cp -- "$1/PKGBUILD" "$1/outlive.install" "$1"/outlive-*.tar.gz "$build/"
    chown -R 65534:65534 "$build"
    chmod 755 "$WORK"
    (cd -- "$build" && setpriv --reuid 65534 --regid 65534 --clear-groups env HOME="$build" TMPDIR="$build" makepkg --nodeps >>"$LOG" 2>&1 </dev/null) ||
        fail "makepkg failed: $(tail -n 1 "$LOG"). Details: $LOG"
    cp -- "$build"/outlive-*.pkg.tar* "$1/"
    rm -rf -- "$build"
}

check_release() {
    local kind trial="${OUTLIVE_TRIAL:-$WORK/releases}"
    ready_to_check
    export GNUPGHOME="$WORK/gnupg" # a key of its own, and none of the user's
    mkdir -m 700 -- "$GNUPGHOME"
    trap 'gpgconf --kill all; rm -rf -- "$WORK"' EXIT
    make_trial "$trial"
    make_clean_system "$WORK/clean" || fail "a clean system cannot be made ($(last_error)); is there a network? Details: $LOG"
    prepare_clean_system "$WORK/clean" "$trial/1"
    for kind in apt rpm pacman; do
        cp -a -- "$WORK/clean" "$WORK/$kind"
        in_namespaces "$WORK/$kind" bash "$PACKAGE_SOURCES/try_package.sh" "$kind" "$WORK/$kind" "$trial/1" "$trial/2" ||
            fail "the package does not work in a clean system (see above)"
        mv -- "$WORK/$kind/checks/window.png" "$trial/window-$kind.png"
        rm -rf -- "${WORK:?}/$kind"
    done
    say "each package is sound"
}

# prepare_clean_system SYSTEM RELEASE: what the package needs and what the checks use, so that files differ by the package alone.
prepare_clean_system() {
    say "installing what the checks need there"
    in_namespaces "$1" chroot "$1" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y --no-install-recommends satisfy "$(dpkg-deb -f "$2"/outlive_*.deb Depends)" \
        "xvfb, xdotool, weston, desktop-file-utils, appstream, man-db, fish, zsh, procps" >>"$LOG" 2>&1 ||
        fail "what the checks need cannot be installed ($(last_error)). Details: $LOG"
    chroot "$1" useradd --create-home --shell /bin/bash tester
    mkdir -m 777 -- "$1/checks"
    mkdir -- "$1/checks/session_host"
    cp -- "$ROOT"/installers/{setup,check_installed}.sh "$PACKAGE_SOURCES"/{as_user.sh,attach_once.py,every_sheet.py} "$1/checks/"
}

# in_namespaces SYSTEM COMMAND…: all that it starts ends with it, and nothing that it mounts is seen outside.
in_namespaces() { unshare --mount --pid --ipc --uts --fork --kill-child --mount-proc="$1/proc" -- "${@:2}" </dev/null; }
