// moved SECONDS PROGRAM ARGUMENT…: runs a program whose clock on the wall is so many seconds ahead, for tests of what a server does after an
// outage of a day. Programs in Go ask the kernel's own library (the vDSO) for the time, past every preloaded library: its functions are written
// over in the new program's memory, before the program begins. What counts time from the machine's start is left alone. Linux on amd64.
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char *what) {
  fprintf(stderr, "moved: %s: %s\n", what, strerror(errno));
  _exit(1);
}

// Asks the kernel by a system call of this number, then adds to the seconds. `clock` is whether the first argument is a clock and the second the
// place for the time: other clocks than that on the wall stay as they are.
static size_t function(uint8_t *code, uint32_t call, int is_clock, int32_t seconds) {
  uint8_t *at = code;
  *at++ = 0xb8; // mov eax, call
  memcpy(at, &call, 4), at += 4;
  *at++ = 0x0f, *at++ = 0x05; // syscall
  if (is_clock) {
    *at++ = 0x85, *at++ = 0xff;             // test edi, edi
    *at++ = 0x75, *at++ = 0x07;             // jne past the next
    *at++ = 0x48, *at++ = 0x81, *at++ = 0x06; // add qword [rsi], seconds
  } else {
    *at++ = 0x48, *at++ = 0x81, *at++ = 0x07; // add qword [rdi], seconds
  }
  memcpy(at, &seconds, 4), at += 4;
  *at++ = 0xc3; // ret
  return (size_t)(at - code);
}

static uint64_t library_of(pid_t program) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/auxv", program);
  int file = open(path, O_RDONLY);
  Elf64_auxv_t entry;
  while (file >= 0 && read(file, &entry, sizeof entry) == sizeof entry)
    if (entry.a_type == AT_SYSINFO_EHDR) return close(file), entry.a_un.a_val;
  errno = ENOENT;
  fail("the program has no vDSO");
  return 0;
}

static void move(pid_t program, int32_t seconds) {
  static uint8_t image[16384];
  char path[64];
  uint64_t base = library_of(program);
  snprintf(path, sizeof path, "/proc/%d/mem", program);
  int memory = open(path, O_RDWR);
  if (memory < 0) fail(path);
  size_t length = 0;
  while (length < sizeof image && pread(memory, image + length, 4096, (off_t)(base + length)) == 4096) length += 4096;
  const Elf64_Ehdr *head = (const Elf64_Ehdr *)image;
  if (length < sizeof *head || head->e_shoff + head->e_shnum * sizeof(Elf64_Shdr) > length) fail("the vDSO can't be read");
  const Elf64_Shdr *sections = (const Elf64_Shdr *)(image + head->e_shoff);
  int found = 0;
  for (int s = 0; s < head->e_shnum; s++) {
    if (sections[s].sh_type != SHT_DYNSYM) continue;
    const char *names = (const char *)image + sections[sections[s].sh_link].sh_offset;
    const Elf64_Sym *symbols = (const Elf64_Sym *)(image + sections[s].sh_offset);
    for (size_t n = 0; n < sections[s].sh_size / sizeof *symbols; n++) {
      uint8_t code[32];
      size_t size = 0;
      const char *name = names + symbols[n].st_name;
      if (!strcmp(name, "__vdso_clock_gettime")) size = function(code, 228, 1, seconds);
      if (!strcmp(name, "__vdso_gettimeofday")) size = function(code, 96, 0, seconds);
      if (!size) continue;
      if (pwrite(memory, code, size, (off_t)(base + symbols[n].st_value)) != (ssize_t)size) fail("the vDSO can't be written");
      found++;
    }
  }
  close(memory);
  if (found != 2) errno = ENOENT, fail("the vDSO lacks its clock");
}

int main(int count, char **arguments) {
  if (count < 3) return fputs("moved SECONDS PROGRAM ARGUMENT…\n", stderr), 2;
  int32_t seconds = (int32_t)strtol(arguments[1], NULL, 10);
  int ready[2];
  if (pipe(ready)) fail("pipe");
  pid_t program = getpid(), helper = fork();
  if (helper < 0) fail("fork");
  if (helper > 0) { // The program: it goes on under its own number once the helper watches it.
    char go;
    close(ready[1]);
    if (read(ready[0], &go, 1) != 1) return 1;
    execv(arguments[2], arguments + 2);
    fail(arguments[2]);
  }
  if (ptrace(PTRACE_SEIZE, program, 0, PTRACE_O_TRACEEXEC)) fail("the program can't be watched");
  if (write(ready[1], "!", 1) != 1) fail("pipe");
  close(ready[1]);
  for (int status;;) {
    if (waitpid(program, &status, __WALL) < 0 || !WIFSTOPPED(status)) _exit(1);
    if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8)) break;
    ptrace(PTRACE_CONT, program, 0, WSTOPSIG(status));
  }
  move(program, seconds);
  ptrace(PTRACE_DETACH, program, 0, 0);
  _exit(0);
}
