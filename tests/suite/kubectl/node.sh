#!/bin/sh
# A node of a cluster: a kubelet and a containerd of its own, with an image that is made here
# of busybox. It has its processes, mounts and folders to itself. It is all gone, with its
# control groups, when its standard input ends, which is when whoever has started it ends.
# While there is a file `away` among its logs, there is no kubelet, and its containers go on.
#
# Called with: the folder of .ci/kubernetes, a folder for its logs, a kubeconfig, its port.
set -eu
root=$1 logs=$2 config=$3 port=$4 groups=gamectl-node-$$

if [ "${5-}" = "" ]; then
    for controller in /sys/fs/cgroup/*/cgroup.procs /sys/fs/cgroup/cgroup.procs; do
        [ ! -e "$controller" ] || mkdir "${controller%/*}/$groups"
    done
    # Whoever kills the first process of a namespace kills them all.
    setpriv --pdeathsig KILL -- unshare --mount --pid --fork --kill-child --mount-proc \
        sh "$0" "$root" "$logs" "$config" "$port" "$groups" </dev/null &
    cat >/dev/null
    kill -9 $!
    wait $! 2>/dev/null || :
    # What was killed last may not have left yet.
    for _ in $(seq 50); do
        find /sys/fs/cgroup -depth -type d -path "*/$groups*" -exec rmdir {} + 2>/dev/null || :
        [ -n "$(find /sys/fs/cgroup -maxdepth 2 -name "$groups")" ] || exit 0
        sleep 0.1
    done
    exit 1
fi

groups=$5
mount --make-rprivate /
for folder in /run /var/lib /var/log; do
    mount -t tmpfs tmpfs "$folder"
done
# A kubelet wants these of a machine. It reads them here, and leaves the machine as it is.
while read -r name value; do
    printf '%s' "$value" >"/run/${name##*/}"
    mount --bind "/run/${name##*/}" "/proc/sys/$name"
done <<END
vm/overcommit_memory 1
vm/panic_on_oom 0
kernel/panic 10
kernel/panic_on_oops 1
kernel/keys/root_maxkeys 1000000
kernel/keys/root_maxbytes 25000000
END

export PATH="$root:/usr/sbin:/usr/bin:/sbin:/bin"
mkdir -p /run/cni /run/image/root/bin /run/image/root/tmp
echo '{ "cniVersion": "0.4.0", "name": "none", "plugins": [{ "type": "loopback" }] }' >/run/cni/none.conflist
cat >/run/containerd.toml <<END
version = 2
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "gamectl.test/busybox:1"
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "$root/cni"
conf_dir = "/run/cni"
END
containerd --config /run/containerd.toml >"$logs/containerd.log" 2>&1 &
cp /bin/busybox /run/image/root/bin
for applet in $(busybox --list); do
    [ "$applet" = busybox ] || ln -s busybox "/run/image/root/bin/$applet"
done
(
    cd /run/image
    tar -C root -cf layer.tar .
    sum=$(sha256sum layer.tar)
    echo '{ "architecture": "amd64", "os": "linux", "config": { "Env": ["PATH=/bin"], "Cmd": ["sleep", "1000000000"] },' \
        '"rootfs": { "type": "layers", "diff_ids": ["sha256:'"${sum%% *}"'"] } }' >config.json
    echo '[{ "Config": "config.json", "RepoTags": ["gamectl.test/busybox:1"], "Layers": ["layer.tar"] }]' >manifest.json
    tar -cf image.tar config.json manifest.json layer.tar
)
until ctr version >/dev/null 2>&1; do
    sleep 0.1
done
ctr -n k8s.io images import /run/image/image.tar
cat >/run/kubelet.json <<END
{ "kind": "KubeletConfiguration", "apiVersion": "kubelet.config.k8s.io/v1beta1",
  "address": "127.0.0.1", "port": $port, "healthzPort": 0, "readOnlyPort": 0,
  "authorization": { "mode": "AlwaysAllow" }, "authentication": { "anonymous": { "enabled": true } },
  "cgroupDriver": "cgroupfs", "cgroupRoot": "/$groups", "failSwapOn": false,
  "evictionHard": { "imagefs.available": "0%", "memory.available": "0%", "nodefs.available": "0%" },
  "protectKernelDefaults": true, "makeIPTablesUtilChains": false, "volumePluginDir": "/run/plugins",
  "nodeStatusUpdateFrequency": "1s", "nodeLeaseDurationSeconds": 4,
  "eventRecordQPS": 0, "registryPullQPS": 0, "kubeAPIQPS": 50, "kubeAPIBurst": 100 }
END
while :; do
    kubelet --config=/run/kubelet.json --kubeconfig="$config" --hostname-override=127.0.0.1 --cert-dir=/run/pki \
        --container-runtime=remote --container-runtime-endpoint=unix:///run/containerd/containerd.sock \
        >>"$logs/kubelet.log" 2>&1 &
    until [ -e "$logs/away" ]; do
        sleep 0.2
    done
    kill -9 $!
    wait $! || :
    while [ -e "$logs/away" ]; do
        sleep 0.2
    done
done
