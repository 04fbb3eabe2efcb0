#define _GNU_SOURCE

#include "CTwoProcesses.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

int clinux_packet_pair(int ends[2]) { return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends); }

ssize_t clinux_send_packet(int socket, const void *bytes, size_t count, const int *carried, int carried_count, bool waits) {
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int) * clinux_carried_max)];
  } control;
  struct iovec piece = {(void *)bytes, count};
  struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
  if (carried_count > clinux_carried_max) {
    errno = EINVAL;
    return -1;
  }
  if (carried_count > 0) {
    const size_t length = sizeof(int) * (size_t)carried_count;
    memset(&control, 0, sizeof control);
    message.msg_control = control.space;
    message.msg_controllen = CMSG_SPACE(length);
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(length);
    memcpy(CMSG_DATA(&control.header), carried, length);
  }
  ssize_t sent;
  do sent = sendmsg(socket, &message, MSG_NOSIGNAL | (waits ? 0 : MSG_DONTWAIT));
  while (sent < 0 && errno == EINTR);
  return sent;
}

static void close_all(const int *descriptors, int count) {
  for (int i = 0; i < count; i++) close(descriptors[i]);
}

ssize_t clinux_receive_packet(int socket, void *bytes, size_t count, int *carried, int *carried_count) {
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int) * clinux_carried_max)];
  } control;
  struct iovec piece = {bytes, count};
  // Not all of the space, which is padded: the kernel would fill it with one descriptor more.
  struct msghdr message = {
    .msg_iov = &piece,
    .msg_iovlen = 1,
    .msg_control = control.space,
    .msg_controllen = CMSG_LEN(sizeof(int) * clinux_carried_max)};
  int taken = 0;
  *carried_count = 0;
  ssize_t got;
  do got = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  if (got < 0) return got;
  for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const size_t length = part->cmsg_len - CMSG_LEN(0);
    for (size_t i = 0; i < length / sizeof(int); i++) {
      int descriptor;
      memcpy(&descriptor, CMSG_DATA(part) + i * sizeof(int), sizeof descriptor);
      if (taken < clinux_carried_max) carried[taken++] = descriptor;
      else close(descriptor);
    }
  }
  if (got == 0 || message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
    close_all(carried, taken);
    taken = 0;
  }
  if (message.msg_flags & MSG_TRUNC) {
    errno = EMSGSIZE;
    return -1;
  }
  *carried_count = taken;
  return got;
}

pid_t clinux_fork(void) { return fork(); }

void clinux_die_with(pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  // It may have died before.
  if (getppid() != parent) raise(SIGKILL);
}

static void fill(sigset_t *set, const int *signals, int count) {
  sigemptyset(set);
  for (int i = 0; i < count; i++) sigaddset(set, signals[i]);
}

int clinux_hold_signals(const int *signals, int count) {
  sigset_t set;
  fill(&set, signals, count);
  if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) return -1;
  return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

void clinux_block_signals(const int *signals, int count) {
  sigset_t set;
  fill(&set, signals, count);
  sigprocmask(SIG_BLOCK, &set, NULL);
}

void clinux_let_signals(const int *signals, int count) {
  sigset_t set;
  fill(&set, signals, count);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
}

int clinux_next_signal(int held) {
  struct signalfd_siginfo information;
  ssize_t got;
  do got = read(held, &information, sizeof information);
  while (got < 0 && errno == EINTR);
  return got == (ssize_t)sizeof information ? (int)information.ssi_signo : 0;
}
