#!/usr/bin/env bash
# Installs the real parts that the tests use: tools/parts.sh [all | PART ...]; quick when everything is there.
#   packages of this machine, through apt: sipp, chromium, fonts, espeak-ng, postgresql
#   asterisk, asterisk16: Asterisk 22 and 16, each in a folder of its own, ${RINGDESK_PARTS:-~/.cache/ringdesk}/asterisk22
#             and /asterisk16, because Debian's stable suites carry none; taken from "sid" and "bullseye" of the archive
#             that this machine's apt already uses.
# Where it cannot install (not root, not Debian) it names each missing part in a line and exits 0: tests of that part
# are skipped. With CI=true a part that is missing at the end is a failure.
set -euo pipefail

parts="${RINGDESK_PARTS:-${HOME}/.cache/ringdesk}"
missing=()

declare -A package=([sipp]=sip-tester [chromium]=chromium [fonts]=fonts-noto-cjk [espeak-ng]=espeak-ng
  [postgresql]=postgresql [debootstrap]=debootstrap)
declare -A suite=([asterisk]=sid [asterisk16]=bullseye)
declare -A folder=([asterisk]=asterisk22 [asterisk16]=asterisk16)

can_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && [ -e /etc/debian_version ]; }

there() {
  case "$1" in
    fonts) compgen -G '/usr/share/fonts/opentype/noto/NotoSansCJK*' >/dev/null ;;
    postgresql) compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null ;;
    asterisk | asterisk16) [ -x "${parts}/${folder[$1]}/usr/sbin/asterisk" ] ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

install_packages() {
  local wanted=() part
  for part in "$@"; do there "${part}" || wanted+=("${package[${part}]}"); done
  [ ${#wanted[@]} -eq 0 ] && return 0
  echo "parts: installing ${wanted[*]}"
  # A failed update alone is no reason to stop: the lists of last time may do.
  apt-get update -qq || echo "parts: apt-get update failed, going on" >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${wanted[@]}" >/dev/null
}

# The archive's address: the first that apt has for a suite of Debian itself (not security, not a third party).
archive() {
  apt-get indextargets --format '$(ORIGIN)|$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    grep -m1 -E '^Debian\|' | cut -d'|' -f2 && return 0
  grep -hoE '^(URIs: *|deb +(\[[^]]*\] +)?)[a-z+]+://[^ ]+/debian/?( |$)' \
    /etc/apt/sources.list /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list 2>/dev/null |
    grep -oE '[a-z+]+://[^ ]+' | head -n1
}

install_asterisk() {
  local part="$1" root="${parts}/${folder[$1]}" from
  there "${part}" && return 0
  install_packages debootstrap
  from="$(archive)" && [ -n "${from}" ] || { echo "parts: apt names no Debian archive" >&2; return 1; }
  mkdir -p "${parts}"
  exec 9>"${root}.lock"
  flock 9 # a second test run waits for the first one's Asterisk
  there "${part}" && return 0
  echo "parts: installing ${part} from ${suite[${part}]} into ${root} (about a minute)"
  rm -rf --one-file-system "${root}.part"
  if ! debootstrap --variant=minbase --include=asterisk "${suite[${part}]}" "${root}.part" "${from}" \
    >"${root}.log" 2>&1; then
    tail -n 5 "${root}.log" >&2
    return 1
  fi
  rm -rf "${root}.part"/var/cache/apt/archives/*.deb
  mv -T "${root}.part" "${root}"
}

install_part() {
  case "$1" in
    asterisk | asterisk16) install_asterisk "$1" ;;
    *) install_packages "$1" ;;
  esac
}

[ "${1:-all}" = all ] && set -- sipp chromium fonts espeak-ng postgresql asterisk asterisk16
for part in "$@"; do
  if [ -z "${folder[${part}]:-}${package[${part}]:-}" ]; then
    echo "parts: unknown part ${part}; there are: ${!package[*]} ${!folder[*]}" >&2
    exit 2
  fi
done
if can_install; then
  # One call of apt for all packages; one by one only when that failed, so that one bad package costs one part.
  packages=()
  for part in "$@"; do [ -n "${folder[${part}]:-}" ] || packages+=("${part}"); done
  [ ${#packages[@]} -eq 0 ] || install_packages "${packages[@]}" || true
  for part in "$@"; do there "${part}" || install_part "${part}" || true; done
fi
for part in "$@"; do there "${part}" || missing+=("${part}"); done
for part in "${missing[@]+"${missing[@]}"}"; do
  echo "parts: missing ${part}; its tests are skipped (installed by this script as root on Debian)"
done
[ ${#missing[@]} -eq 0 ] || [ "${CI:-}" != true ]
