# Builds and runs the images by docker where an engine answers, else by buildah. To be sourced.
# shellcheck shell=bash
# BASE names another base image; PIP_INDEX_URL, PIP_CERT and the like are handed to the builds.

image=item2vec
run=$image-check-$$
declare -A pids

fail() {
    echo "${0##*/}: $*" >&2
    exit 1
}

if docker info >/dev/null 2>&1; then
    engine=docker
    export DOCKER_BUILDKIT=1
elif command -v buildah >/dev/null && command -v debootstrap >/dev/null; then
    engine=buildah
    [[ $EUID = 0 ]] || fail "no docker engine answers, and buildah is to be run as root here"
    export BUILDAH_ISOLATION=chroot
else
    fail "no docker engine answers; start one, or, as root: apt-get install buildah debootstrap"
fi
work=$(mktemp -d)
[[ $engine = docker ]] && models=$run-models || models=$work/models

# Building

build() { # build TARGET
    local flags=(--target "$1" --tag "$image:$1") name
    pip_settings >"$work/pip.conf"
    flags+=(--secret "id=pip.conf,src=$work/pip.conf")
    [[ -z ${PIP_CERT:-} ]] || flags+=(--secret "id=ca.pem,src=$PIP_CERT")
    for name in {HTTP,HTTPS,NO}_PROXY {http,https,no}_proxy; do
        [[ -z ${!name:-} ]] || flags+=(--build-arg "$name")
    done
    case $engine in
        docker) docker build "${flags[@]}" ${BASE:+--build-arg "BASE=$BASE"} . ;;
        buildah)
            [[ ${BASE:-} ]] || debian_base
            buildah build --network host --format docker "${flags[@]}" --build-arg "BASE=${BASE:-$image-base}" .
            ;;
    esac
}

pip_settings() {
    local option name
    echo "[global]"
    for option in index-url extra-index-url trusted-host timeout; do
        name=PIP_${option^^}
        name=${name//-/_}
        [[ -z ${!name:-} ]] || echo "$option = ${!name}"
    done
    [[ -z ${PIP_CERT:-} ]] || echo "cert = /run/secrets/ca.pem"
}

# A stand-in for python:slim, from the mirror this machine installs from.
debian_base() {
    local site suite container
    [[ -z $(buildah images --quiet "$image-base" 2>/dev/null) ]] || return 0
    read -r site suite < <(
        apt-get indextargets --format '$(SITE) $(CODENAME) $(COMPONENT) $(ORIGIN)' 'Created-By: Packages' |
            sed -nE 's/^([^ ]+ [a-z]+) main Debian$/\1/p'
    )
    debootstrap --variant=minbase --include=ca-certificates,python3-venv,python-is-python3 \
        "$suite" "$work/base" "$site"
    rm -rf "$work"/base/dev/* "$work"/base/var/cache/apt/* "$work"/base/var/lib/apt/lists/*
    container=$(buildah from scratch)
    buildah add --quiet "$container" "$work/base" / >/dev/null
    buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
    buildah commit --quiet --rm "$container" "$image-base" >/dev/null
}

sizes() {
    $engine images | grep -E "(^|/)$image "
}

# Running, with a volume of models, a folder of data and training cut short

flags=(--volume "$models:/models" --volume "$work/data:/data:ro")
flags+=(--env ITEM2VEC_TRAINING__EPOCHS=1 --env NUMBA_DEBUG_CACHE=1)
locked=(--read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges)

once() { # once TARGET COMMAND...: to its end
    case $engine in
        docker) docker run --rm "${locked[@]}" "${flags[@]}" --entrypoint "$2" "$image:$1" "${@:3}" ;;
        buildah) container "$1" && buildah run "${flags[@]}" "$run-$1" -- "${@:2}" ;;
    esac
}

start() { # start NAME TARGET [ENTRYPOINT]: in the background
    case $engine in
        docker)
            docker run --detach --name "$run-$1" "${locked[@]}" "${flags[@]}" \
                --publish 127.0.0.1::8000 ${3:+--entrypoint "$3"} "$image:$2" >/dev/null
            ;;
        buildah)
            container "$2"
            local command=("${3:-}")
            [[ ${3:-} ]] || mapfile -t command < <(configured "$2" Entrypoint)
            # shellcheck disable=SC2016
            buildah run "${flags[@]}" --volume "$work/pids:/pids" --env ITEM2VEC_PORT=0 \
                "$run-$2" -- sh -c 'echo $$ >"/pids/$0" && exec "$@"' "$1" "${command[@]}" \
                >"$work/$1.log" 2>&1 &
            pids[$1]=$!
            ;;
    esac
}

# One container an image, named after it: most calls come from subshells.
container() {
    [[ -d $models ]] || install -d --owner 10001 --group 10001 "$models"
    [[ -d $work/pids ]] || install -d --mode 777 "$work/pids"
    buildah inspect "$run-$1" >/dev/null 2>&1 && return
    buildah from --name "$run-$1" "$image:$1" >/dev/null
    # This buildah may mount the image's own volume over the one it is given.
    buildah config --volume /models- "$run-$1"
}

configured() { # configured TARGET FIELD: a list of the image's configuration, a line each
    buildah inspect --format "{{range .Docker.Config.$2}}{{println .}}{{end}}" "$run-$1" |
        sed '/^$/d'
}

logs() {
    case $engine in
        docker) docker logs "$run-$1" 2>&1 ;;
        buildah) cat "$work/$1.log" ;;
    esac
}

address() { # address NAME: host:port of a started service
    case $engine in
        docker) docker port "$run-$1" 8000 ;;
        buildah) logs "$1" | sed -nE 's|.*running on http://0.0.0.0:([0-9]+).*|127.0.0.1:\1|p' ;;
    esac
}

stop() { # stop NAME: by a signal, and fails if it has to be killed
    case $engine in
        docker)
            docker stop --time 10 "$run-$1" >/dev/null
            [[ $(docker inspect --format '{{.State.ExitCode}}' "$run-$1") != 137 ]]
            ;;
        buildah)
            kill -TERM "$(cat "$work/pids/$1")"
            timeout 10 tail --pid="${pids[$1]}" -f /dev/null && rm "$work/pids/$1"
            ;;
    esac
}

clean_up() {
    set +e
    case $engine in
        docker)
            docker ps --all --quiet --filter "name=$run" | xargs -r docker rm --force --volumes
            docker volume rm --force "$models"
            ;;
        buildah)
            cat "$work"/pids/* | xargs -r kill
            wait
            buildah rm "$run-serve" "$run-train"
            ;;
    esac >/dev/null 2>&1
    rm -rf "$work"
}
trap clean_up EXIT
