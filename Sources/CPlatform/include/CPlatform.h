/* The thin libc door of the device-safe code.
 *
 * Embedded Swift cannot import a C library's own module, and Swift cannot see `errno`, so every
 * system call that the agent makes goes through a function of this header. The same code serves
 * the host. Contract of all functions unless their comment says otherwise:
 *
 *  - a result >= 0 is success, a negative result is `-errno`;
 *  - paths are NUL-terminated bytes (`String`, `StaticString.utf8Start` and `[UInt8]` all convert)
 *    and are relative to the open directory `directory`, or to the working directory when that is
 *    `platform_working_directory`; an absolute path ignores `directory`;
 *  - interrupted calls (EINTR) are repeated; every descriptor made here is close-on-exec;
 *  - times are int64_t nanoseconds; a negative timeout waits for ever;
 *  - nothing allocates, except where the C library does inside `platform_directory_open` and
 *    name resolution;
 *  - types have the same width on 32-bit devices: offsets and times are always 64 bits. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/* ---- Error numbers that callers tell apart (Linux values, checked at compile time) ---------- */

static const int32_t platform_error_no_entry = 2;            /* ENOENT */
static const int32_t platform_error_input_output = 5;        /* EIO */
static const int32_t platform_error_again = 11;              /* EAGAIN, EWOULDBLOCK */
static const int32_t platform_error_no_memory = 12;          /* ENOMEM */
static const int32_t platform_error_access = 13;             /* EACCES */
static const int32_t platform_error_exists = 17;             /* EEXIST */
static const int32_t platform_error_invalid = 22;            /* EINVAL */
static const int32_t platform_error_no_space = 28;           /* ENOSPC */
static const int32_t platform_error_broken_pipe = 32;        /* EPIPE */
static const int32_t platform_error_name_too_long = 36;      /* ENAMETOOLONG */
static const int32_t platform_error_not_socket = 88;         /* ENOTSOCK */
static const int32_t platform_error_address_in_use = 98;     /* EADDRINUSE */
static const int32_t platform_error_connection_reset = 104;  /* ECONNRESET */
static const int32_t platform_error_timed_out = 110;         /* ETIMEDOUT */
static const int32_t platform_error_refused = 111;           /* ECONNREFUSED */
static const int32_t platform_error_host_unreachable = 113;  /* EHOSTUNREACH */
static const int32_t platform_error_in_progress = 115;       /* EINPROGRESS */

/* ---- Files (file.c) ------------------------------------------------------------------------- */

/* The `directory` argument that stands for the working directory (AT_FDCWD). */
static const int32_t platform_working_directory = -100;

/* How to open: one of the first three, or-ed with any of the others. */
static const int32_t platform_open_read = 0;
static const int32_t platform_open_write = 1;
static const int32_t platform_open_read_write = 2;
static const int32_t platform_open_create = 4;      /* make the file if it is missing */
static const int32_t platform_open_exclusive = 8;   /* with create: -EEXIST if it is there */
static const int32_t platform_open_truncate = 16;   /* empty an existing file */
static const int32_t platform_open_append = 32;     /* every write goes to the end */
static const int32_t platform_open_directory = 64;  /* -ENOTDIR unless it is a directory */
static const int32_t platform_open_no_follow = 128; /* -ELOOP if the last part is a symlink */
static const int32_t platform_open_durable = 256;   /* O_DSYNC: a write returns once it is safe */
static const int32_t platform_open_no_wait = 512;   /* O_NONBLOCK */

/* Opens a file; a new one gets `permissions` (for example 0640) less the umask. A descriptor. */
int32_t platform_open(int32_t directory, const uint8_t *path, int32_t how, uint32_t permissions);
/* Closes. The descriptor is gone whatever the result; a result < 0 tells of a lost write. */
int32_t platform_close(int32_t descriptor);

/* Read until `size` bytes are there or the file ends. The number of bytes read; less than `size`
 * means end of file. Not for sockets. */
int64_t platform_read(int32_t descriptor, void *buffer, size_t size);
int64_t platform_read_at(int32_t descriptor, void *buffer, size_t size, int64_t offset);
/* Write all `size` bytes. `size`, or < 0 when something was not written (part of it may be). */
int64_t platform_write(int32_t descriptor, const void *buffer, size_t size);
int64_t platform_write_at(
    int32_t descriptor, const void *buffer, size_t size, int64_t offset);

/* Content and metadata are on the medium on return; works for directories too. */
int32_t platform_sync(int32_t descriptor);
/* The content, and what is needed to read it back, is on the medium on return. */
int32_t platform_sync_data(int32_t descriptor);
/* Makes the names in the directory at `path` durable (after create, link, rename, unlink). */
int32_t platform_sync_directory(int32_t directory, const uint8_t *path);

/* Sets the size; new bytes are zero and may have no blocks. */
int32_t platform_truncate(int32_t descriptor, int64_t size_bytes);
/* Reserves blocks for [0, size), so that later writes there cannot fail for lack of space. Never
 * shrinks. Falls back to writing zeros past the end where the file system cannot reserve. */
int32_t platform_reserve(int32_t descriptor, int64_t size_bytes);

static const int32_t platform_kind_file = 1;
static const int32_t platform_kind_directory = 2;
static const int32_t platform_kind_socket = 3;
static const int32_t platform_kind_block_device = 4;
static const int32_t platform_kind_character_device = 5;
static const int32_t platform_kind_other = 6;

typedef struct platform_status {
    int64_t size_bytes;        /* of a block device: its capacity */
    int64_t modified_ns;       /* since 1970 */
    uint64_t device;           /* with `node`: the identity of the file */
    uint64_t node;
    uint32_t permissions;      /* the low 12 bits of the mode */
    int32_t kind;              /* platform_kind_... */
} platform_status;

int32_t platform_status_of(int32_t descriptor, platform_status *status);
/* Does not follow a symlink in the last part of the path. */
int32_t platform_status_at(int32_t directory, const uint8_t *path, platform_status *status);
/* Bytes that an ordinary process can still write on the file system of `descriptor`. */
int64_t platform_free_bytes(int32_t descriptor);
/* Takes the file's exclusive lock without waiting: -EAGAIN when another process has it. It is
 * held until the descriptor is closed, by the process's death too. */
int32_t platform_lock(int32_t descriptor);

/* ---- Names (directory.c) -------------------------------------------------------------------- */

int32_t platform_make_directory(int32_t directory, const uint8_t *path, uint32_t permissions);
int32_t platform_remove(int32_t directory, const uint8_t *path);           /* not a directory */
int32_t platform_remove_directory(int32_t directory, const uint8_t *path); /* an empty one */
/* Replaces `to` in one step. Both in the same file system. */
int32_t platform_rename(int32_t directory, const uint8_t *from, const uint8_t *to);
/* A second name for the file; -EEXIST when `to` is there. */
int32_t platform_link(int32_t directory, const uint8_t *from, const uint8_t *to);

/* A walk over one directory, in no order. Close it with platform_directory_close. */
typedef struct platform_directory {
    void *_Nullable stream;
} platform_directory;

int32_t platform_directory_open(
    int32_t directory, const uint8_t *path, platform_directory *cursor);
/* Copies the next name and its NUL into `name` (256 bytes hold any). The name's length without
 * the NUL, 0 at the end; `.` and `..` are left out. -ENAMETOOLONG skips that name. */
int32_t platform_directory_next(platform_directory *cursor, uint8_t *name, size_t capacity);
void platform_directory_close(platform_directory *cursor);

/* ---- Memory (memory.c) ---------------------------------------------------------------------- */

/* A mapping; `base` is NULL when it failed, and then `error` is < 0. */
typedef struct platform_mapping {
    void *_Nullable base;
    size_t size;
    int32_t error;
} platform_mapping;

/* Maps `size` bytes of the file, from `offset` (a multiple of the page size), to read. Reading
 * past the end of a file that shrank later is a SIGBUS: lock or own the file. */
platform_mapping platform_map_file(int32_t descriptor, int64_t offset, size_t size);
/* Zeroed memory of its own, aligned to a page. `populate` != 0 makes the pages resident now, so
 * that no later use can meet a lack of memory or pay for a page fault. */
platform_mapping platform_map_anonymous(size_t size, int32_t populate);
/* Forgets the mapping; a NULL base is fine. */
void platform_unmap(platform_mapping mapping);
int64_t platform_page_size(void);

typedef struct platform_usage {
    int64_t resident_bytes;      /* now; 0 where /proc is not mounted */
    int64_t resident_peak_bytes;
    int64_t user_ns;             /* processor time in this process */
    int64_t system_ns;           /* processor time in the kernel for it */
} platform_usage;

int32_t platform_usage_now(platform_usage *usage);

/* ---- Time, waiting, randomness, process (process.c) ----------------------------------------- */

int64_t platform_monotonic_ns(void); /* since some moment before the start of the process */
int64_t platform_wall_ns(void);      /* since 1970; may be wrong and may jump */
int32_t platform_wall_is_synchronized(void); /* 1 when the kernel says so, else 0 */
void platform_sleep(int64_t duration_ns);

static const int16_t platform_poll_readable = 1;   /* POLLIN */
static const int16_t platform_poll_writable = 4;   /* POLLOUT */
static const int16_t platform_poll_error = 8;      /* POLLERR, result only */
static const int16_t platform_poll_hang_up = 16;   /* POLLHUP, result only */
static const int16_t platform_poll_invalid = 32;   /* POLLNVAL, result only */

/* One thing to wait for; a negative descriptor is passed over. */
typedef struct platform_poll_entry {
    int32_t descriptor;
    int16_t events;
    int16_t results;
} platform_poll_entry;

/* Waits until something happens or the time is over. The number of entries with results. */
int32_t platform_poll(platform_poll_entry *entries, size_t count, int64_t timeout_ns);

/* Fills the buffer from the kernel's generator; waits for its seed early at boot. 0. */
int32_t platform_random(void *buffer, size_t size);

/* Everything to standard output or error, unbuffered. `size` or < 0. */
int64_t platform_print(const void *bytes, size_t size);
int64_t platform_print_error(const void *bytes, size_t size);

/* The process's arguments, `platform_argument(0)` being the program's name: Embedded Swift has no
 * `CommandLine`. They are found at start from the initial stack, without /proc. */
int32_t platform_argument_count(void);
const uint8_t *_Nullable platform_argument(int32_t index); /* NULL outside of the count */
const uint8_t *_Nullable platform_environment(const uint8_t *name);
int32_t platform_process_id(void);
/* Ends the process at once with `code`; nothing is flushed. */
_Noreturn void platform_exit(int32_t code);

/* ---- Sockets (socket.c, resolve.c): always non-blocking ------------------------------------- */

/* Starts a TCP connection to the address number `attempt` (from 0) of `host`: dotted IPv4, IPv6,
 * or a name. A descriptor, to be polled for writability and then given to platform_tcp_finish;
 * -ENOENT when the host has no such address number; -EHOSTUNREACH when the name is unknown.
 *
 * A name is resolved with getaddrinfo, which blocks: musl asks the servers of /etc/resolv.conf
 * (127.0.0.1 if it is missing) over UDP, by default for at most 5 seconds in all, knows
 * /etc/hosts, and has no nsswitch and no mDNS; no answer is -EAGAIN. Numbers never block. */
int32_t platform_tcp_begin(const uint8_t *host, uint16_t port, int32_t attempt);
/* 0 when connected, -EINPROGRESS while it is not decided, else why it failed. Does not close. */
int32_t platform_tcp_finish(int32_t descriptor);
/* Both, over all addresses of the host in turn, within `timeout_ns` for connecting. */
int32_t platform_tcp_connect(const uint8_t *host, uint16_t port, int64_t timeout_ns);

/* A listening Unix socket with mode 0660 at `path` (at most 107 bytes). A socket left behind by a
 * dead process is replaced: -EADDRINUSE when somebody answers there, -ENOTSOCK when the name is
 * taken by something else. Hold a lock (platform_lock) if two processes may start together. */
int32_t platform_unix_listen(const uint8_t *path, int32_t backlog);
int32_t platform_unix_connect(const uint8_t *path);
int32_t platform_accept(int32_t listener); /* -EAGAIN when nobody waits */

/* What could be sent or received now, at most `size`; -EAGAIN when nothing could. Receiving 0
 * means that the other side has finished. Never raises SIGPIPE. */
int64_t platform_send(int32_t descriptor, const void *buffer, size_t size);
int64_t platform_receive(int32_t descriptor, void *buffer, size_t size);
int32_t platform_finish_sending(int32_t descriptor);

/* ---- Signals and crashes (signals.c, crash.c) ----------------------------------------------- */

static const int32_t platform_signal_hang_up = 1;    /* SIGHUP */
static const int32_t platform_signal_interrupt = 2;  /* SIGINT */
static const int32_t platform_signal_terminate = 15; /* SIGTERM */

/* Makes a closed pipe and a file at its size limit errors of the call that meets them, and not the
 * end of the process. */
int32_t platform_signals_ignore(void);
/* Turns SIGHUP, SIGINT and SIGTERM into readable events. Call it first, in the only thread. A
 * descriptor to poll. */
int32_t platform_signals_open(void);
/* The number of the next waiting signal, 0 when there is none. */
int32_t platform_signals_next(int32_t descriptor);

/* Makes SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE and SIGABRT write one crash record to offset 0
 * of `descriptor` before the process dies by that signal. A Swift trap is SIGILL or SIGTRAP.
 * The handler has a stack of its own (of the calling thread). The record, little-endian:
 *
 *    0 magic "MLTX"     4 u16 version = 1   6 u16 zero         8 i32 signal   12 i32 si_code
 *   16 u64 pc          24 u64 fault address 32 u64 monotonic ns  40 u64 boot counter
 *   48 u64 load address of the program (pc - load address is what a symbolizer wants)
 *   56 u32 process id  60 u32 FNV-1a of the first 60 bytes */
int32_t platform_crash_install(int32_t descriptor, uint64_t boot_counter);

static const int32_t platform_crash_record_size = 64;

/* ---- The first process of a system (system.c) ----------------------------------------------- */

static const uint32_t platform_mount_read_only = 1;         /* MS_RDONLY */
static const uint32_t platform_mount_no_set_id = 2;         /* MS_NOSUID */
static const uint32_t platform_mount_no_devices = 4;        /* MS_NODEV */
static const uint32_t platform_mount_no_programs = 8;       /* MS_NOEXEC */
static const uint32_t platform_mount_no_access_time = 1024; /* MS_NOATIME */
static const uint32_t platform_mount_move = 8192;           /* MS_MOVE */

/* Mounts `source` of file system `type` on `target`; with platform_mount_move, moves the mount at
 * `source`, and `type` and `options` are empty. */
int32_t platform_mount(
    const uint8_t *source, const uint8_t *target, const uint8_t *type, uint32_t flags,
    const uint8_t *options);
/* Unmounts; `detach` != 0 takes a mount that is in use out of sight. */
int32_t platform_unmount(const uint8_t *target, int32_t detach);
/* Everything that was written is on its medium on return. */
void platform_sync_all(void);
/* Loads the kernel module in an open file; -EEXIST when it is loaded. */
int32_t platform_load_module(int32_t descriptor);
int32_t platform_set_host_name(const uint8_t *name, size_t size);
/* Grows the mounted ext4 to the size of its partition: 1 when it grew, 0 when it fitted. */
int32_t platform_grow_ext4(const uint8_t *mount_point, int64_t size_bytes);

/* IPv4 numbers are in the processor's order: 10.0.2.15 is 0x0A00020F. */
int32_t platform_interface_up(const uint8_t *name);
int32_t platform_interface_set_address(const uint8_t *name, uint32_t address, uint32_t mask);
int32_t platform_default_route(uint32_t gateway);

/* Starts a program in a session of its own, with the standard descriptors of this process, no
 * signal blocked, and a small fixed environment. `words` are its path and arguments, each with
 * its NUL, `count` of them (1 to 64). Its process; one that cannot be executed ends with 127. */
int32_t platform_spawn(const uint8_t *words, int32_t count);
/* The same in place of this process; returns only a failure. */
int32_t platform_execute(const uint8_t *words, int32_t count);
/* Takes the news of one ended child: its process, 0 when there is none. `status` is its exit code,
 * or minus the signal that it died of. */
int32_t platform_reap(int32_t *status);
int32_t platform_signal(int32_t process, int32_t number);

static const int32_t platform_signal_kill = 9;       /* SIGKILL */
static const int32_t platform_signal_user_2 = 12;    /* SIGUSR2 */
static const int32_t platform_signal_child = 17;     /* SIGCHLD */
static const int32_t platform_signal_power = 30;     /* SIGPWR */
/* Turns SIGHUP, SIGINT, SIGUSR2, SIGTERM, SIGCHLD and SIGPWR into readable events of
 * platform_signals_next, in place of platform_signals_open. A descriptor to poll. */
int32_t platform_child_signals_open(void);

/* Makes the file at `path` the standard input, output and error. */
int32_t platform_use_console(const uint8_t *path);
/* Makes the mount at `path` the root of all; what was mounted on the old root is out of sight. */
int32_t platform_change_root(const uint8_t *path);

static const int32_t platform_end_restart = 0;
static const int32_t platform_end_power_off = 1;
static const int32_t platform_end_handle_keys = 2; /* no end: Ctrl-Alt-Del becomes SIGINT */
/* Synchronises and ends the system at once; `argument` is what the firmware is told at a restart
 * ("0 tryboot"), or NULL. Returns only a failure. */
int32_t platform_end_system(int32_t how, const uint8_t *_Nullable argument);

#pragma clang assume_nonnull end
