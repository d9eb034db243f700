#!/usr/bin/env bash
# Builds a release from a tag into a directory: sources, wheel, packages, a repository of apt, checksums, notes.
# It publishes nothing.
#
#   bash installers/release.sh TAG [DIRECTORY]   into DIRECTORY, or dist/TAG
#   bash installers/release.sh --check           tries each package of two trial releases in clean systems (root)
#
# OUTLIVE_SIGNING_KEY names the key of gpg that signs the repository and the checksums. Without it there is no repository.
set -euo pipefail
# shellcheck source=setup.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/setup.sh"
# shellcheck source=packages/formats.sh
source "$ROOT/installers/packages/formats.sh"

RELEASE_PACKAGES=(git apt-utils gpg gpg-agent xvfb rpm)

usage() { sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

# notes_of CHANGELOG VERSION: prints what the section of a version says.
notes_of() { awk -v heading="## $2, " 'index($0, "## ") == 1 { found = index($0, heading) == 1; next } found' "$1" | sed '/./,$!d'; }

# check_tree DIRECTORY TAG: fails unless all that names the version names that of the tag, and has been filled in.
check_tree() {
    local version=${2#v} named newest
    named="$(sed -n 's/^VERSION = "\(.*\)"/\1/p' "$1/session_host/version.py")"
    [ "$2" = "v$named" ] || fail "the tag is $2, but session_host/version.py says $named: a release of it has the tag v$named"
    newest="$(sed -n 's/^## //p' "$1/CHANGELOG.md" | head -n 1)"
    [[ $newest =~ ^"$version, "[0-9]{4}-[0-9]{2}-[0-9]{2}$ ]] ||
        fail "the newest section of CHANGELOG.md is '## $newest', not '## $version, YEAR-MONTH-DAY'"
    [ -n "$(notes_of "$1/CHANGELOG.md" "$version")" ] || fail "CHANGELOG.md says nothing about $version"
    ! grep -q '^Homepage = "https://outlive.example"' "$1/pyproject.toml" || fail "pyproject.toml needs the project's address: Homepage"
}

# sums DIRECTORY: of the files that users fetch one by one; apt checks those of the repository by itself.
sums() { (cd -- "$1" && find . -maxdepth 1 -type f ! -name 'SHA256SUMS*' -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum --) >"$WORK/sums" && mv -- "$WORK/sums" "$1/SHA256SUMS"; }

# release TAG DIRECTORY
release() {
    local tag=$1 directory tree="$WORK/tree"
    directory="$(realpath -m -- "$2")"
    git -C "$ROOT" rev-parse --quiet --verify "refs/tags/$tag^{commit}" >/dev/null || fail "there is no tag $tag here"
    mkdir -- "$tree"
    git -C "$ROOT" archive --format=tar "refs/tags/$tag" | tar -C "$tree" -xf -
    check_tree "$tree" "$tag"
    if [ -n "${OUTLIVE_SIGNING_KEY:-}" ]; then
        gpg --batch --quiet --list-secret-keys "$OUTLIVE_SIGNING_KEY" >/dev/null 2>&1 || fail "gpg has no secret key $OUTLIVE_SIGNING_KEY"
    fi
    SOURCE_DATE_EPOCH="$(git -C "$ROOT" log -1 --format=%ct "refs/tags/$tag^{commit}")"
    export SOURCE_DATE_EPOCH
    ROOT=$tree # from here on, everything is the tag's
    OUTLIVE_DIST="$directory" bash "$tree/installers/build.sh" all || {
        cp -- "$tree/.venv.log" "$LOG"
        fail "the release was not built. Details: $LOG"
    }
    notes_of "$tree/CHANGELOG.md" "${tag#v}" >"$directory/notes.md"
    sums "$directory"
    if [ -n "${OUTLIVE_SIGNING_KEY:-}" ]; then
        gpg --batch --yes --quiet --local-user "$OUTLIVE_SIGNING_KEY" --armor --detach-sign "$directory/SHA256SUMS"
        build_repository "$directory/apt" "$(echo "$directory/outlive_${tag#v}+$(release_of_system)"_*.deb)" "$OUTLIVE_SIGNING_KEY"
    else
        say "no repository, and unsigned checksums: OUTLIVE_SIGNING_KEY names no key of gpg"
    fi
    say "the release is in $directory"
}

# main is not run by tests, which source this file.
[ "${BASH_SOURCE[0]}" = "$0" ] || return 0

case "$#:${1:-}" in
    1:-h | 1:--help)
        usage
        exit 0
        ;;
    1:--check | 1:[!-]* | 2:[!-]*) ;;
    *)
        usage >&2
        exit 2
        ;;
esac
command -v dpkg-query >/dev/null || fail "a release is built on Debian or Ubuntu"
umask 022
setup_system "${RELEASE_PACKAGES[@]}"
WORK="$(mktemp -d "${TMPDIR:-/tmp}/outlive-release.XXXXXX")"
trap 'rm -rf -- "$WORK"' EXIT
: >"$LOG"
if [ "$1" = --check ]; then
    # shellcheck source=packages/check.sh
    source "$ROOT/installers/packages/check.sh"
    check_release
else
    release "$1" "${2:-$ROOT/dist/$1}"
fi
