// Channels of blocks as Vitis HLS has them, for simulation: whole arrays go from a process to the next.
// C++14.
#ifndef LATHE_HLS_STREAMOFBLOCKS_H
#define LATHE_HLS_STREAMOFBLOCKS_H

#include "lathe_ring.h"
#include "lathe_sim.h"

#include <string>

namespace hls {

template <class T> class read_lock;
template <class T> class write_lock;

template <class T, int Depth = 2> class stream_of_blocks;

/// A channel of any depth: what locks, and functions, take.
template <class T> class stream_of_blocks<T, 0> : public lathe_sim::Channel {
  public:
    bool empty(int line = __builtin_LINE(), const char* file = __builtin_FILE()) const {
        asked(fill == 0, {file, line});
        return fill == 0;
    }
    bool full(int line = __builtin_LINE(), const char* file = __builtin_FILE()) const {
        asked(fill == depth, {file, line});
        return fill == depth;
    }

  protected:
    stream_of_blocks(const char* name, size_t depth, lathe_sim::Place declared)
        : Channel("channel", name, depth, sizeof(stream_of_blocks), declared) {}

  private:
    friend class read_lock<T>;
    friend class write_lock<T>;

    struct Block {
        T value;
    };
    Block& lock_to_write(lathe_sim::Place at) {
        expect_unlocked(is_written, "filled", at);
        before_write(at);
        is_written = true;
        return ring.back(fill, depth);
    }
    Block& lock_to_read(lathe_sim::Place at) {
        expect_unlocked(is_read, "read", at);
        before_read(at);
        is_read = true;
        return ring.front();
    }
    void expect_unlocked(bool is_locked, const char* does, lathe_sim::Place at) const {
        if (is_locked)
            throw lathe_sim::Misuse(at.text() + ": a block of the channel " + name() + " is being " + does +
                                    ": that lock ends before the next begins");
    }

    lathe_sim::Ring<Block> ring{
        lathe_sim::unbounded}; // all of depth, so that a locked block stays where it is
    bool is_read = false, is_written = false;
};

/// Depth blocks: with 2, one is filled while the other is read.
template <class T, int Depth> class stream_of_blocks : public stream_of_blocks<T, 0> {
    static_assert(Depth > 0, "the depth of a channel is positive");

  public:
    stream_of_blocks(int line = __builtin_LINE(), const char* file = __builtin_FILE())
        : stream_of_blocks<T, 0>(nullptr, Depth, {file, line}) {}
    explicit stream_of_blocks(const std::string& name, int line = __builtin_LINE(),
                              const char* file = __builtin_FILE())
        : stream_of_blocks<T, 0>(name.c_str(), Depth, {file, line}) {}
};

/// The next block to be filled, an array by its conversion; it is handed on when the lock ends.
template <class T> class write_lock {
  public:
    explicit write_lock(stream_of_blocks<T, 0>& channel, int line = __builtin_LINE(),
                        const char* file = __builtin_FILE())
        : channel(channel), block(channel.lock_to_write({file, line})) {}
    write_lock(const write_lock&) = delete;
    write_lock& operator=(const write_lock&) = delete;
    ~write_lock() {
        channel.is_written = false;
        channel.after_write();
    }
    operator T&() { return block.value; }

  private:
    stream_of_blocks<T, 0>& channel;
    typename stream_of_blocks<T, 0>::Block& block;
};

/// The oldest filled block; it can be filled again when the lock ends.
template <class T> class read_lock {
  public:
    explicit read_lock(stream_of_blocks<T, 0>& channel, int line = __builtin_LINE(),
                       const char* file = __builtin_FILE())
        : channel(channel), block(channel.lock_to_read({file, line})) {}
    read_lock(const read_lock&) = delete;
    read_lock& operator=(const read_lock&) = delete;
    ~read_lock() {
        channel.is_read = false;
        channel.ring.drop_front();
        channel.after_read();
    }
    operator T&() { return block.value; }

  private:
    stream_of_blocks<T, 0>& channel;
    typename stream_of_blocks<T, 0>::Block& block;
};

} // namespace hls

#endif
