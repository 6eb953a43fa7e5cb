/* The last words of a process: one record written by the handler of a fatal signal.
 *
 * The handler calls only clock_gettime, pwrite and raise, touches no heap, and runs on its own
 * stack, so it works after a stack overflow and after heap damage. */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "CPlatform.h"
#include "result.h"

struct crash_record {
    uint8_t magic[4];
    uint16_t version, zero;
    int32_t signal, code;
    uint64_t pc, fault_address, monotonic_ns, boot_counter, load_address;
    uint32_t process_id, checksum;
};
_Static_assert(sizeof(struct crash_record) == 64, "the documented layout");
_Static_assert(offsetof(struct crash_record, checksum) == 60, "the documented layout");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the record is little-endian");

/* Room for the kernel's frame with the widest vector state (AMX: 11 KiB) and the handler. */
static _Alignas(16) uint8_t handler_stack[32768];
static struct crash_record record;
static int32_t record_descriptor = -1;

/* The start of the program in memory, which the linker names. */
extern const uint8_t __ehdr_start[] __attribute__((weak, visibility("hidden")));

static uint64_t pc_of(const ucontext_t *context) {
#if defined(__x86_64__)
    return (uint64_t)context->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    return context->uc_mcontext.pc;
#elif defined(__arm__)
    return context->uc_mcontext.arm_pc;
#elif defined(__riscv)
    return context->uc_mcontext.__gregs[0];
#else
#error "no program counter for this architecture"
#endif
}

static uint32_t fnv1a(const uint8_t *bytes, size_t size) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < size; i++) hash = (hash ^ bytes[i]) * 16777619u;
    return hash;
}

static void handle(int signal, siginfo_t *info, void *context) {
    record.signal = signal;
    record.code = info->si_code;
    record.pc = pc_of(context);
    record.fault_address = info->si_code > 0 ? (uint64_t)(uintptr_t)info->si_addr : 0;
    record.monotonic_ns = (uint64_t)platform_monotonic_ns();
    record.checksum = fnv1a((const uint8_t *)&record, offsetof(struct crash_record, checksum));
    platform_write_at(record_descriptor, &record, sizeof record, 0);
    raise(signal); /* SA_RESETHAND and SA_NODEFER: now the default action, at once. */
}

int32_t platform_crash_install(int32_t descriptor, uint64_t boot_counter) {
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGABRT};
    record_descriptor = descriptor;
    memcpy(record.magic, "MLTX", 4);
    record.version = 1;
    record.boot_counter = boot_counter;
    record.load_address = (uint64_t)(uintptr_t)__ehdr_start;
    record.process_id = (uint32_t)getpid();
    stack_t stack = {.ss_sp = handler_stack, .ss_size = sizeof handler_stack};
    if (sigaltstack(&stack, NULL) < 0) return -errno;
    struct sigaction action = {
        .sa_sigaction = handle,
        .sa_flags = (int)(SA_SIGINFO | SA_ONSTACK | SA_NODEFER) | (int)SA_RESETHAND,
    };
    sigset_t unblocked; /* A mask can be inherited; a blocked fault kills without its handler. */
    sigemptyset(&action.sa_mask);
    sigemptyset(&unblocked);
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) {
        sigaddset(&unblocked, fatal[i]);
        if (sigaction(fatal[i], &action, NULL) < 0) return -errno;
    }
    return result(sigprocmask(SIG_UNBLOCK, &unblocked, NULL));
}
