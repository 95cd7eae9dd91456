// SPDX-License-Identifier: MIT
// Every header of the library after macros that hosts' platforms are known to define: <windows.h> without NOMINMAX,
// X11, <sys/sysmacros.h>, hand-written hash functions and build systems. The headers of the packages come first, because
// what such macros do to those is not our business.
#include "third_party.hpp"

#undef min
#undef max
#undef ERROR
#undef NO_ERROR
#undef IN
#undef OUT
#undef OPTIONAL
#undef CONST
#undef TRUE
#undef FALSE
#undef DELETE
#undef STRICT
#undef VOID
#undef IGNORE
#undef INFINITE
#undef near
#undef far
#undef small
#undef interface
#undef SendMessage
#undef GetMessage
#undef CreateEvent
#undef GetObject
#undef Yield
#undef R
#undef S
#undef Ch
#undef ROTL
#undef F
#undef G
#undef H
#undef None
#undef Bool
#undef Status
#undef Success
#undef Always
#undef True
#undef False
#undef Complex
#undef major
#undef minor
#undef makedev
#undef DEBUG
#undef INFO
#undef LOG
#undef CHECK
#undef ASSERT
#undef VERSION
#undef PACKAGE
#undef BUFSIZE
#undef MAX
#undef MIN
#undef PI
#undef _

// <windows.h>
#define min(a, b) (((a) < (b)) ? (a) : (b))
#define max(a, b) (((a) > (b)) ? (a) : (b))
#define ERROR 0
#define NO_ERROR 0L
#define IN
#define OUT
#define OPTIONAL
#define CONST const
#define TRUE 1
#define FALSE 0
#define DELETE (0x00010000L)
#define STRICT 1
#define VOID void
#define IGNORE 0
#define INFINITE 0xFFFFFFFF
#define near
#define far
#define small char
#define interface struct
#define SendMessage SendMessageA
#define GetMessage GetMessageA
#define CreateEvent CreateEventA
#define GetObject GetObjectA
#define Yield()

// Hash functions: such names are also our template parameters, which no parenthesis follows.
#define R(x) ((x) >> 1)
#define S(x, n) ((x) << (n))
#define Ch(x, y, z) ((x) ^ (y) ^ (z))
#define ROTL(x, n) ((x) << (n))
#define F(x, y) ((x) & (y))
#define G(x, y) ((x) | (y))
#define H(x, y) ((x) ^ (y))

// X11
#define None 0L
#define Bool int
#define Status int
#define Success 0
#define Always 2
#define True 1
#define False 0
#define Complex 0

// System V, and what people write by hand. Not here are Qt's keywords (`emit` is a word of the API; a host turns them
// off by QT_NO_KEYWORDS) nor the `check`, `verify` and `require` of old macOS headers (words of the contracts).
#define major(dev) ((dev) >> 8)
#define minor(dev) ((dev)&0xff)
#define makedev(x, y) ((x) << 8 | (y))
#define DEBUG 1
#define INFO 1
#define LOG(x) x
#define CHECK(x) x
#define ASSERT(x) x
#define VERSION "1"
#define PACKAGE "host"
#define BUFSIZE 16
#define MAX 100
#define MIN 0
#define PI 3
#define _(text) text

#include "everything.hpp"
