/* What only the first process of a system does: mounts, modules, the network, children, the end. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/route.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "CPlatform.h"
#include "result.h"

_Static_assert(MS_RDONLY == 1 && MS_NOSUID == 2 && MS_NODEV == 4 && MS_NOEXEC == 8, "Linux");
_Static_assert(MS_NOATIME == 1024 && MS_MOVE == 8192 && MNT_DETACH == 2, "Linux");
_Static_assert(SIGUSR2 == 12 && SIGCHLD == 17 && SIGPWR == 30, "Linux");

int32_t platform_mount(
    const uint8_t *source, const uint8_t *target, const uint8_t *type, uint32_t flags,
    const uint8_t *options) {
    return result(mount(
        (const char *)source, (const char *)target, (const char *)type, flags,
        (const char *)options));
}

int32_t platform_unmount(const uint8_t *target, int32_t detach) {
    return result(umount2((const char *)target, detach != 0 ? MNT_DETACH : 0));
}

void platform_sync_all(void) { sync(); }

int32_t platform_load_module(int32_t descriptor) {
    return result((int)syscall(SYS_finit_module, descriptor, "", 0));
}

int32_t platform_set_host_name(const uint8_t *name, size_t size) {
    return result(sethostname((const char *)name, size));
}

/* ext4's own request for growing while mounted, from the kernel's fs/ext4/ext4.h. */
#define EXT4_IOC_RESIZE_FS _IOW('f', 16, uint64_t)

int32_t platform_grow_ext4(const uint8_t *mount_point, int64_t size_bytes) {
    struct statvfs before, after;
    int descriptor = platform_open(AT_FDCWD, mount_point, platform_open_directory, 0);
    if (descriptor < 0) return descriptor;
    int32_t status = result(fstatvfs(descriptor, &before));
    if (status == 0) {
        uint64_t blocks = (uint64_t)size_bytes / before.f_bsize;
        status = result(ioctl(descriptor, EXT4_IOC_RESIZE_FS, &blocks));
    }
    if (status == 0) status = result(fstatvfs(descriptor, &after));
    close(descriptor);
    return status < 0 ? status : before.f_blocks != after.f_blocks;
}

/* ---- Network -------------------------------------------------------------------------------- */

static struct sockaddr internet_address(uint32_t address) {
    struct sockaddr_in internet = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};
    struct sockaddr any;
    memcpy(&any, &internet, sizeof any);
    return any;
}

static int32_t set_name(const uint8_t *name, struct ifreq *request) {
    size_t length = strlen((const char *)name);
    memset(request, 0, sizeof *request);
    if (length == 0 || length >= sizeof request->ifr_name) return -EINVAL;
    memcpy(request->ifr_name, name, length);
    return 0;
}

static int32_t control(uint16_t what, void *request) {
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    int32_t status = result(ioctl(descriptor, what, request));
    close(descriptor);
    return status;
}

int32_t platform_interface_up(const uint8_t *name) {
    struct ifreq request;
    int32_t status = set_name(name, &request);
    if (status == 0) status = control(SIOCGIFFLAGS, &request);
    request.ifr_flags = (short)(request.ifr_flags | IFF_UP);
    return status < 0 ? status : control(SIOCSIFFLAGS, &request);
}

int32_t platform_interface_set_address(const uint8_t *name, uint32_t address, uint32_t mask) {
    struct ifreq request;
    int32_t status = set_name(name, &request);
    request.ifr_addr = internet_address(address);
    if (status == 0) status = control(SIOCSIFADDR, &request);
    request.ifr_netmask = internet_address(mask);
    return status < 0 ? status : control(SIOCSIFNETMASK, &request);
}

int32_t platform_default_route(uint32_t gateway) {
    struct rtentry route = {
        .rt_dst = internet_address(0), .rt_genmask = internet_address(0),
        .rt_gateway = internet_address(gateway), .rt_flags = RTF_UP | RTF_GATEWAY};
    return control(SIOCADDRT, &route);
}

/* ---- Children ------------------------------------------------------------------------------- */

static const int word_count_max = 64;

/* Points at the `count` words of a block and returns only when the program could not be started. */
static int32_t execute(const uint8_t *words, int32_t count) {
    static char *const environment[] = {
        "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/", "TERM=linux", NULL};
    char *arguments[word_count_max + 1];
    if (count < 1 || count > word_count_max) return -EINVAL;
    for (int32_t index = 0; index < count; index++) {
        arguments[index] = (char *)(uintptr_t)words;
        words += strlen((const char *)words) + 1;
    }
    arguments[count] = NULL;
    execve(arguments[0], arguments, environment);
    return -errno;
}

int32_t platform_execute(const uint8_t *words, int32_t count) { return execute(words, count); }

int32_t platform_spawn(const uint8_t *words, int32_t count) {
    pid_t process = fork();
    if (process != 0) return result(process);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    setsid();
    execute(words, count);
    _exit(127);
}

int32_t platform_reap(int32_t *status) {
    int raw = 0;
    pid_t process = waitpid(-1, &raw, WNOHANG);
    *status = WIFSIGNALED(raw) ? -WTERMSIG(raw) : WEXITSTATUS(raw);
    if (process < 0) return errno == ECHILD ? 0 : -errno;
    return process;
}

int32_t platform_signal(int32_t process, int32_t number) { return result(kill(process, number)); }

int32_t platform_child_signals_open(void) {
    static const int numbers[] = {SIGHUP, SIGINT, SIGUSR2, SIGTERM, SIGCHLD, SIGPWR};
    sigset_t asked;
    sigemptyset(&asked);
    for (size_t index = 0; index < sizeof numbers / sizeof *numbers; index++)
        sigaddset(&asked, numbers[index]);
    if (sigprocmask(SIG_BLOCK, &asked, NULL) < 0) return -errno;
    return result(signalfd(-1, &asked, SFD_NONBLOCK | SFD_CLOEXEC));
}

/* ---- The process itself --------------------------------------------------------------------- */

int32_t platform_use_console(const uint8_t *path) {
    int descriptor;
    do descriptor = open((const char *)path, O_RDWR | O_NOCTTY);
    while (descriptor < 0 && errno == EINTR);
    if (descriptor < 0) return -errno;
    for (int standard = 0; standard <= 2; standard++)
        if (dup2(descriptor, standard) < 0) return -errno;
    if (descriptor > 2) close(descriptor);
    return 0;
}

int32_t platform_change_root(const uint8_t *path) {
    if (chdir((const char *)path) < 0) return -errno;
    if (mount(".", "/", NULL, MS_MOVE, NULL) < 0) return -errno;
    if (chroot(".") < 0) return -errno;
    return result(chdir("/"));
}

int32_t platform_end_system(int32_t how, const uint8_t *argument) {
    sync();
    if (how == platform_end_handle_keys) return result(reboot(RB_DISABLE_CAD));
    if (how == platform_end_power_off) return result(reboot(RB_POWER_OFF));
    if (argument == NULL) return result(reboot(RB_AUTOBOOT));
    /* The C libraries have no name for this one: the kernel's include/uapi/linux/reboot.h. */
    return result((int)syscall(SYS_reboot, 0xFEE1DEAD, 672274793, 0xA1B2C3D4, argument));
}
