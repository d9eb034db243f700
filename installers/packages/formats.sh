# Sourced by build.sh: packages for Debian, for systems with rpm and for Arch, each with the files of build_tree.
# shellcheck shell=bash
#
#   build_deb TREE VERSION        for this Debian or Ubuntu. Sets DEB
#   build_rpm TREE VERSION        for a system with this Python
#   build_arch SOURCES VERSION    PKGBUILD and what belongs to it; makepkg builds the package from the archive of the sources
#   build_repository DIRECTORY DEB KEY   a repository of apt as static files, signed by a key of gpg
#
# All but the last put them into $DIST.

PACKAGE_SOURCES="$ROOT/installers/packages"
# The libraries that a package needs: the oldest C library that the wheels run with, and those of the window.
DEB_DEPENDS=("libc6 (>= 2.34)" libgcc-s1 libstdc++6)
DEB_RECOMMENDS=(git fonts-noto-color-emoji)
MAX_DEB_MB=65

SUMMARY="agent chats that outlive their window"
DESCRIPTION="A desktop app and a command line for people who run coding agents: Claude Code,
Codex, opencode, Gemini, Copilot, Qwen Code, aider, a shell, any command, or a
model behind an OpenAI-compatible server.

Each chat runs in its own small background process. Close the window, kill it,
let it crash: the agents keep working, and every chat is there afterwards."

homepage() { sed -n '/^\[project.urls\]/,/^\[/s/^Homepage = "\(.*\)"/\1/p' "$ROOT/pyproject.toml"; }
release_date() { sed -n "s/^## $(clone_version), \(.*\)/\1/p" "$ROOT/CHANGELOG.md"; }
clone_version() { sed -n 's/^VERSION = "\(.*\)"/\1/p' "$ROOT/session_host/version.py"; }
# The distribution whose Python the package runs with: deb12, ubuntu24.04.
release_of_system() { (. /etc/os-release && printf '%s%s' "${ID/debian/deb}" "${VERSION_ID:-}"); }
maintainer() { printf '%s <%s>' "${DEBFULLNAME:-Outlive contributors}" "${DEBEMAIL:-outlive@localhost.localdomain}"; }
build_time_s() { printf '%s' "${SOURCE_DATE_EPOCH:-$(stat -c %Y "$ROOT/CHANGELOG.md")}"; }

# python_of TREE: the name of the program with which the tree works, such as python3.11.
python_of() { basename "$(readlink "$1"/usr/lib/outlive/*/bin/python)"; }

# filled FILE VERSION: prints a template.
filled() { sed "s|@VERSION@|$2|g; s|@HOMEPAGE@|$(homepage)|g; s|@SUMMARY@|$SUMMARY|g" "$PACKAGE_SOURCES/$1"; }

# ------------------------------------------------------------------------------- Debian

build_deb() {
    local tree=$1 version=$2 control="$WORK/control" root="$WORK/deb"
    rm -rf -- "$control" "$root"
    mkdir -p -- "$DIST" "$control"
    cp -al -- "$tree" "$root"
    printf 'outlive (%s+%s) unstable; urgency=medium\n\n  * See CHANGELOG.md.gz.\n\n -- %s  %s\n' "$version" "$(release_of_system)" "$(maintainer)" \
        "$(date -R -d "@$(build_time_s)")" | gzip -9n >"$root/usr/share/doc/outlive/changelog.gz"
    install -D -m 644 -- "$PACKAGE_SOURCES/lintian-overrides" "$root/usr/share/lintian/overrides/outlive"
    mv -- "$control" "$root/DEBIAN"
    write_control "$root" "$version"
    DEB="$DIST/outlive_${version}+$(release_of_system)_$(dpkg --print-architecture).deb"
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

# write_control ROOT VERSION
write_control() {
    local control=$1/DEBIAN name depends
    depends=("$(python_of "$1")" python3 "${DEB_DEPENDS[@]}")
    for name in "${WINDOW_PACKAGES[@]}"; do
        [ "$name" = fonts-noto-color-emoji ] || depends+=("${name//|/ | }")
    done
    {
        printf 'Package: outlive\nVersion: %s+%s\nArchitecture: %s\n' "$2" "$(release_of_system)" "$(dpkg --print-architecture)"
        printf 'Maintainer: %s\nHomepage: %s\n' "$(maintainer)" "$(homepage)"
        printf 'Installed-Size: %s\nSection: devel\nPriority: optional\n' "$(du -sk "$1/usr" | cut -f1)"
        printf 'Depends: %s\n' "$(printf '%s, ' "${depends[@]}" | sed 's/, $//')"
        printf 'Recommends: %s\n' "$(printf '%s, ' "${DEB_RECOMMENDS[@]}" | sed 's/, $//')"
        printf 'Description: %s\n%s\n' "$SUMMARY" "$(sed 's/^$/./; s/^/ /' <<<"$DESCRIPTION")"
    } >"$control/control"
    for name in postinst prerm postrm; do
        filled "$name" "$2" >"$control/$name"
        chmod 755 "$control/$name"
    done
    (cd -- "$1" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) >"$control/md5sums"
}

# ------------------------------------------------------------------------------- rpm

build_rpm() {
    local tree=$1 version=$2 top="$WORK/rpm"
    rm -rf -- "$top"
    mkdir -p -- "$top" "$DIST"
    {
        find "$tree" ! -type d -printf '"/%P"\n'
        find "$tree" -mindepth 3 -type d -printf '%%dir "/%P"\n' # rpm removes those alone that a package has
    } | LC_ALL=C sort >"$top/files"
    {
        filled outlive.spec "$version"
        printf '%%description\n%s\n' "$DESCRIPTION"
    } | sed "s|@TREE@|$tree|; s|@PYTHON@|/usr/bin/$(python_of "$tree")|" >"$top/outlive.spec"
    needed_libraries "$tree" | sed 's/^/Requires: /' >"$top/requires"
    sed -i "/^@REQUIRES@$/{
        r $top/requires
        d
    }" "$top/outlive.spec"
    SOURCE_DATE_EPOCH="$(build_time_s)" rpmbuild -bb --quiet --define "_topdir $top" --define "_rpmdir $DIST" \
        --define '_rpmfilename %{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm' "$top/outlive.spec" >>"$LOG" 2>&1 </dev/null ||
        fail "rpmbuild failed: $(grep -m 1 -i error "$LOG" || tail -n 1 "$LOG"). Details: $LOG"
    RPM="$DIST/outlive-$version-1.$(rpm --eval '%{_arch}').rpm"
    say "built $RPM"
}

# needed_libraries TREE: as rpm names them: those that files of the tree link to and that are not in it. Without those of GTK
# only the theme of GNOME is missing.
needed_libraries() {
    local elfdeps
    elfdeps="$(rpm --eval '%{_rpmconfigdir}')/elfdeps"
    find "$1" -name '*.so*' -type f ! -name libqgtk3.so >"$WORK/libraries"
    LC_ALL=C comm -23 <("$elfdeps" --requires <"$WORK/libraries" | LC_ALL=C sort -u) <("$elfdeps" --provides <"$WORK/libraries" | LC_ALL=C sort -u)
}

# ------------------------------------------------------------------------------- Arch

build_arch() {
    mkdir -p -- "$DIST"
    filled PKGBUILD "$2" | sed "s|@SHA256@|$(sha256sum <"$1" | cut -d' ' -f1)|" >"$DIST/PKGBUILD"
    cp -- "$PACKAGE_SOURCES/outlive.install" "$DIST/outlive.install"
    say "built $DIST/PKGBUILD"
}

# ------------------------------------------------------------------------------- a repository of apt

# build_repository DIRECTORY DEB KEY: each Debian or Ubuntu is a suite of its own; those that are there already stay.
build_repository() {
    local directory=$1 deb=$2 key=$3 suite architecture lists
    suite="$(. /etc/os-release && printf '%s' "$VERSION_CODENAME")"
    architecture="$(dpkg --print-architecture)"
    lists="dists/$suite/main/binary-$architecture"
    mkdir -p -- "$directory/pool/$suite" "$directory/$lists"
    cp -- "$deb" "$directory/pool/$suite/"
    (
        cd -- "$directory"
        apt-ftparchive --arch "$architecture" packages "pool/$suite" >"$lists/Packages"
        gzip -9nk --force "$lists/Packages"
        rm -f -- "dists/$suite/InRelease"
        apt-ftparchive -o APT::FTPArchive::Release::Origin=Outlive -o APT::FTPArchive::Release::Label=Outlive \
            -o APT::FTPArchive::Release::Suite="$suite" -o APT::FTPArchive::Release::Codename="$suite" \
            -o APT::FTPArchive::Release::Components=main \
            -o APT::FTPArchive::Release::Architectures="$(echo "dists/$suite/main"/binary-* | sed 's|[^ ]*/binary-||g')" \
            release "dists/$suite" >"$WORK/Release"
        gpg --batch --yes --quiet --local-user "$key" --output "dists/$suite/InRelease" --clear-sign "$WORK/Release"
        gpg --batch --yes --quiet --output outlive.gpg --export "$key"
    ) >>"$LOG" 2>&1 || fail "the repository cannot be made or signed: $(tail -n 1 "$LOG")"
    printf 'Types: deb\nURIs: %s/apt\nSuites: %s\nComponents: main\nSigned-By: /etc/apt/keyrings/outlive.gpg\n' \
        "$(homepage)" "$suite" >"$directory/outlive-$suite.sources"
    say "built $directory"
}
