// Marks for simulation in C++ for Vitis HLS. Where hls_stream.h is Lathe's, they make processes, channels and
// counted arrays; in synthesis, and with AMD's hls_stream.h, they leave nothing but the plain code. C++14.
//
//   void top(const int* in, int* out, int n) {
//   #pragma HLS dataflow
//       LATHE_DATAFLOW_BEGIN
//       hls::stream<int, 4> a("a");             // its depth: the template's argument, or the mark's
//       hls::stream<int> b[2];
//   #pragma HLS stream variable=b depth=8
//       LATHE_STREAM(b, 8)
//       int table[64];
//       LATHE_BUFFER(table)                     // an array that one process hands to the next
//       LATHE_PROCESS(load(in, a, table, n));
//       LATHE_PROCESS(split(a, b, n));
//       for (int i = 0; i < 2; ++i) {
//   #pragma HLS unroll
//           LATHE_PROCESS_AT((i), work(b[i], table, i)); // named work[0], work[1]
//       }
//       LATHE_DATAFLOW_END
//   }
#ifndef LATHE_MARKS_H
#define LATHE_MARKS_H

#ifndef LATHE_DATAFLOW_BEGIN
/// The region's processes run until all have ended; its channels are declared between the two.
#define LATHE_DATAFLOW_BEGIN
#define LATHE_DATAFLOW_END
/// A call that is a process: it begins here, and goes on beside the others.
#define LATHE_PROCESS(...) __VA_ARGS__
/// The same in a loop. ids: the instance, as (i) or (i, j).
#define LATHE_PROCESS_AT(ids, ...) __VA_ARGS__
/// Gives a stream, or all streams of an array, their name and depth.
#define LATHE_STREAM(stream, depth)
/// A depth without bound: of what a test bench fills before the call, or reads after it.
#define LATHE_UNBOUNDED 0
/// A process that names this array waits until those before it that name it have ended.
#define LATHE_BUFFER(array)
#endif

/// An array and an argument whose accesses are counted where LATHE_SIM_PORTS is defined. dims: as in [4][8].
#define LATHE_ARRAY(type, name, dims) type name dims;
#define LATHE_ARRAY_ARGUMENT(type, name, dims) type name dims
/// How it is split into banks, as the pragma says it: complete(dim), cyclic(dim, factor), block(dim, factor).
#define LATHE_PARTITION(name, how)
/// An iteration of a pipelined loop begins.
#define LATHE_ITERATION

#if defined(LATHE_SIM_PORTS) && !defined(__SYNTHESIS__)
#include "lathe_ports.h"
#endif

#endif
