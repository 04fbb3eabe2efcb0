#pragma once

// First: event-config.h defines _GNU_SOURCE, which would give this module another fd_set than all others have.
#include <sys/types.h>

#include <event2/event.h>
