#define _GNU_SOURCE

#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#if __has_include(<linux/openat2.h>)
#include <linux/openat2.h>
#endif

extern char **environ;

int clinux_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int clinux_clock_change_timer(void) {
  int timer = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
  if (timer < 0) return -1;
  if (clinux_clock_change_rearm(timer) == 0) return timer;
  int reason = errno;
  close(timer);
  errno = reason;
  return -1;
}

int clinux_clock_change_rearm(int timer) {
  // As far away as every time_t reaches; what counts is the cancellation before.
  struct itimerspec never = {.it_value = {.tv_sec = INT32_MAX}};
  if (sizeof(time_t) > 4) never.it_value.tv_sec = (time_t)1 << 40;
  return timerfd_settime(timer, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL);
}

int clinux_syncfs(int fd) { return syncfs(fd); }

int64_t clinux_file_system_type(int fd) {
  struct statfs status;
  return fstatfs(fd, &status) == 0 ? (int64_t)(uint32_t)status.f_type : -1;
}

int clinux_rename_noreplace(int source_directory, const char *source, int target_directory, const char *target) {
  return renameat2(source_directory, source, target_directory, target, RENAME_NOREPLACE);
}

int clinux_open_beneath(int directory, const char *path, int flags, mode_t mode) {
#if defined(SYS_openat2) && defined(RESOLVE_BENEATH)
  struct open_how how = {
    .flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
    .mode = (flags & O_CREAT) ? mode : 0,
    .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
  };
  return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
#else
  (void)directory, (void)path, (void)flags, (void)mode;
  errno = ENOSYS;
  return -1;
#endif
}

bool clinux_random(void *buffer, size_t count) {
  uint8_t *next = buffer;
  while (count > 0) {
    ssize_t got = getrandom(next, count, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    next += got;
    count -= (size_t)got;
  }
  return true;
}

int clinux_pipe(int ends[2]) {
  if (pipe2(ends, O_CLOEXEC) != 0) return -1;
  if (fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0) return 0;
  int reason = errno;
  close(ends[0]);
  close(ends[1]);
  errno = reason;
  return -1;
}

int clinux_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK); }

int clinux_forbid_dumps(void) {
  struct rlimit size;
  int limited = getrlimit(RLIMIT_CORE, &size);
  if (limited == 0) {
    size.rlim_cur = 0;
    limited = setrlimit(RLIMIT_CORE, &size);
  }
  return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 ? limited : -1;
}

void clinux_use_one_heap(void) {
#ifdef __GLIBC__
  mallopt(M_ARENA_MAX, 1);
#endif
}

void clinux_trim_memory(void) {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

// Only read-only segments: what was never written can be had from the file again.
static int release_segments(struct dl_phdr_info *object, size_t size, void *unused) {
  (void)size;
  (void)unused;
  const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
    if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W)) continue;
    const uintptr_t start = (object->dlpi_addr + segment->p_vaddr) & ~(page - 1);
    const uintptr_t end = object->dlpi_addr + segment->p_vaddr + segment->p_memsz;
    // A refusal leaves the pages where they are, which is no harm.
    (void)madvise((void *)start, end - start, MADV_DONTNEED);
  }
  return 1;
}

void clinux_release_code(void) {
  // The program itself comes first, and is the only one asked: libraries are shared with others.
  dl_iterate_phdr(release_segments, NULL);
}

void clinux_name_thread(const char *name) {
  char cut[16];
  snprintf(cut, sizeof cut, "%s", name);
  pthread_setname_np(pthread_self(), cut);
}

int clinux_peer_user(int socket, uid_t *user) {
  struct ucred peer;
  socklen_t length = sizeof peer;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return -1;
  *user = peer.uid;
  return 0;
}

int clinux_open_route_monitor(void) {
  int monitor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  if (monitor < 0) return -1;
  struct sockaddr_nl address = {
    .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR};
  if (bind(monitor, (struct sockaddr *)&address, sizeof address) == 0) return monitor;
  int reason = errno;
  close(monitor);
  errno = reason;
  return -1;
}

int clinux_request_route_dump(int monitor, uint16_t type, uint32_t sequence) {
  struct {
    struct nlmsghdr header;
    struct rtgenmsg family;
  } request = {
    .header = {
      .nlmsg_len = NLMSG_LENGTH(sizeof(struct rtgenmsg)),
      .nlmsg_type = type,
      .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
      .nlmsg_seq = sequence,
    },
    .family = {.rtgen_family = AF_UNSPEC},
  };
  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  ssize_t sent =
    sendto(monitor, &request, request.header.nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof kernel);
  return sent < 0 ? -1 : 0;
}

static int add_descriptor(posix_spawn_file_actions_t *actions, int source, int target) {
  // The sources are close-on-exec copies above 2, made below: dup2 onto another number clears the flag.
  if (source >= 0) return posix_spawn_file_actions_adddup2(actions, source, target);
  return posix_spawn_file_actions_addopen(actions, target, "/dev/null", O_RDWR, 0);
}

static int spawn(const char *command, const int source[3], pid_t *child) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);

  int failure = posix_spawn_file_actions_init(&actions);
  if (failure) return failure;
  failure = posix_spawnattr_init(&attributes);
  if (failure) {
    posix_spawn_file_actions_destroy(&actions);
    return failure;
  }
  for (int target = 0; target < 3 && !failure; target++) failure = add_descriptor(&actions, source[target], target);
  if (!failure) {
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setsigmask(&attributes, &none);
    char *const arguments[] = {"sh", "-c", (char *)command, NULL};
    failure = posix_spawn(child, "/bin/sh", &actions, &attributes, arguments, environ);
  }
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return failure;
}

int clinux_spawn_shell(const char *command, int in, int out, int error, pid_t *child) {
  const int given[3] = {in, out, error};
  int copies[3] = {-1, -1, -1};
  int failure = 0;
  for (int i = 0; i < 3 && !failure; i++) {
    if (given[i] < 0) continue;
    // Above 2, so that no dup2 overwrites a source that is still needed, even where 0, 1 or 2 were closed.
    copies[i] = fcntl(given[i], F_DUPFD_CLOEXEC, 3);
    if (copies[i] < 0) failure = errno;
  }
  if (!failure) failure = spawn(command, copies, child);
  for (int i = 0; i < 3; i++)
    if (copies[i] >= 0) close(copies[i]);
  return failure;
}

int clinux_pidfd_open(pid_t child) {
#ifdef SYS_pidfd_open
  return (int)syscall(SYS_pidfd_open, child, 0);
#else
  (void)child;
  errno = ENOSYS;
  return -1;
#endif
}

enum clinux_child_state clinux_child_state(int pidfd, bool reap, int *number) {
  const int by_pidfd = 3;  // P_PIDFD, which older headers lack.
  siginfo_t info;
  memset(&info, 0, sizeof info);
  int options = WEXITED | WNOHANG | (reap ? 0 : WNOWAIT);
  int result;
  do result = waitid((idtype_t)by_pidfd, (id_t)pidfd, &info, options);
  while (result < 0 && errno == EINTR);
  if (result < 0) return clinux_child_unknown;
  if (info.si_pid == 0) return clinux_child_runs;
  *number = info.si_status;
  return info.si_code == CLD_EXITED ? clinux_child_exited : clinux_child_killed;
}

int clinux_path_flag(void) { return O_PATH; }

ssize_t clinux_read_cached(int fd, void *buffer, size_t count, off_t offset) {
  struct iovec piece = {buffer, count};
  return preadv2(fd, &piece, 1, offset, RWF_NOWAIT);
}

bool clinux_is_being_written(int descriptor) {
  if (fcntl(descriptor, F_SETLEASE, F_RDLCK) != 0) return errno == EAGAIN;
  fcntl(descriptor, F_SETLEASE, F_UNLCK);
  return false;
}

void clinux_open_standard(void) {
  for (int number = 0; number <= 2; number++) {
    // The lowest free number is taken, and all below are open.
    if (fcntl(number, F_GETFD) == -1 && errno == EBADF) open("/dev/null", O_RDWR);
  }
}
