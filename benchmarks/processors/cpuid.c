/* Answers ``cpuid`` as a processor without VNNI would, in a copy of onnxruntime whose ``cpuid`` are ``ud2`` (see
 * disguise.py). ENVIRONMENT: KEEP_AVX512 leaves AVX-512 without VNNI (Skylake); else AVX2 is the last that there is. */
#define _GNU_SOURCE
#include <cpuid.h>
#include <signal.h>
#include <stdlib.h>
#include <ucontext.h>

static int keep_avx512;

static unsigned bits(const int *numbers, int count) {
    unsigned mask = 0;
    for (int i = 0; i < count; i++) mask |= 1u << numbers[i];
    return mask;
}

#define WITHOUT(word, ...) do { int n[] = {__VA_ARGS__}; (word) &= ~bits(n, sizeof n / sizeof *n); } while (0)

static void on_illegal(int number, siginfo_t *info, void *context) {
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    const unsigned char *at = (const unsigned char *)registers[REG_RIP];
    unsigned leaf = registers[REG_RAX], part = registers[REG_RCX], a, b, c, d;
    (void)info;
    if (at[0] != 0x0f || at[1] != 0x0b) { /* not ours: happens again, and ends the process */
        signal(number, SIG_DFL);
        return;
    }
    __cpuid_count(leaf, part, a, b, c, d);
    if (leaf == 7 && part == 0) {
        WITHOUT(c, 11);         /* AVX512_VNNI */
        WITHOUT(d, 22, 24, 25); /* AMX */
        if (!keep_avx512) {
            WITHOUT(b, 16, 17, 21, 26, 27, 28, 30, 31); /* F, DQ, IFMA, PF, ER, CD, BW, VL */
            WITHOUT(c, 1, 6, 12, 14);                   /* VBMI, VBMI2, BITALG, VPOPCNTDQ */
            WITHOUT(d, 2, 3, 8, 23);                    /* 4VNNIW, 4FMAPS, VP2INTERSECT, FP16 */
        }
    } else if (leaf == 7 && part == 1) {
        WITHOUT(a, 4, 5);  /* AVX_VNNI, AVX512_BF16 */
        WITHOUT(d, 4, 10); /* AVX_VNNI_INT8, AVX_VNNI_INT16 */
    }
    registers[REG_RAX] = a;
    registers[REG_RBX] = b;
    registers[REG_RCX] = c;
    registers[REG_RDX] = d;
    registers[REG_RIP] += 2;
}

__attribute__((constructor)) static void install(void) {
    struct sigaction action = {0};
    keep_avx512 = getenv("KEEP_AVX512") != NULL;
    action.sa_sigaction = on_illegal;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGILL, &action, NULL);
}
