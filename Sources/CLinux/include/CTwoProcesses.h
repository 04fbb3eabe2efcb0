#pragma once

// What one program needs to be two processes. All return -1 and set errno on failure unless said otherwise; all
// descriptors are close-on-exec.

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/// Two connected sockets on which packets stay whole.
int clinux_packet_pair(int ends[2]);

/// Most descriptors that one packet carries.
enum { clinux_carried_max = 3 };

/// Sends one packet, with copies of these descriptors. Without `waits`: EAGAIN where the other end has enough to read.
ssize_t clinux_send_packet(
  int socket, const void *bytes, size_t count, const int *carried, int carried_count, bool waits);

/// Takes the next packet; its descriptors are the caller's from here on. Never waits (EAGAIN); 0 where the other end is
/// gone. One longer than `count` is lost (EMSGSIZE). One that carries more descriptors than `clinux_carried_max`, for
/// which `carried` has room, or more than this process may open, comes without any.
ssize_t clinux_receive_packet(int socket, void *bytes, size_t count, int *carried, int *carried_count);

/// fork(2), for a process that has one thread. 0 in the child.
pid_t clinux_fork(void);

/// Whoever calls this is killed as soon as its parent is dead; at once where that is so already.
void clinux_die_with(pid_t parent);

/// Keeps these signals from taking effect and answers a descriptor that tells of each, non-blocking.
int clinux_hold_signals(const int *signals, int count);
/// Keeps them from taking effect until they are let: what comes meanwhile comes then. For this thread, and those that
/// it starts.
void clinux_block_signals(const int *signals, int count);
/// Lets them take effect again.
void clinux_let_signals(const int *signals, int count);
/// The next signal that is held; 0 where there is none.
int clinux_next_signal(int held);
