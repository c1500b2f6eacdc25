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
} // namespace hls

namespace lathe_sim {

/// A channel of any depth: what locks take.
template <class T> class BlockChannel : public Channel {
  public:
    bool empty(const char* file = __builtin_FILE(), int line = __builtin_LINE()) const {
        asked(fill == 0, {file, line});
        return fill == 0;
    }
    bool full(const char* file = __builtin_FILE(), int line = __builtin_LINE()) const {
        asked(fill == depth, {file, line});
        return fill == depth;
    }

  protected:
    BlockChannel(const char* name, size_t depth, Place declared)
        : Channel("channel", name, depth, sizeof(BlockChannel), declared) {}

  private:
    friend class hls::read_lock<T>;
    friend class hls::write_lock<T>;

    struct Block {
        T value;
    };
    T& lock_to_write(Place at) {
        expect_unlocked(is_written, "filled", at);
        before_write(at);
        is_written = true;
        return ring.back(fill, depth).value;
    }
    void unlock_written() {
        is_written = false;
        after_write();
    }
    T& lock_to_read(Place at) {
        expect_unlocked(is_read, "read", at);
        before_read(at);
        is_read = true;
        return ring.front().value;
    }
    void unlock_read() {
        is_read = false;
        ring.drop_front();
        after_read();
    }
    void expect_unlocked(bool is_locked, const char* does, Place at) const {
        if (is_locked)
            throw Misuse(at.text() + ": a block of the channel " + name() + " is being " + does +
                         ": that lock ends before the next begins");
    }

    Ring<Block> ring{unbounded}; // all of depth, so that a locked block stays where it is
    bool is_read = false, is_written = false;
};

} // namespace lathe_sim

namespace hls {

/// Depth blocks: with 2, one is filled while the other is read.
template <class T, int Depth = 2> class stream_of_blocks : public lathe_sim::BlockChannel<T> {
    static_assert(Depth > 0, "the depth of a channel is positive");

  public:
    stream_of_blocks(int line = __builtin_LINE(), const char* file = __builtin_FILE())
        : lathe_sim::BlockChannel<T>(nullptr, Depth, {file, line}) {}
    explicit stream_of_blocks(const std::string& name, int line = __builtin_LINE(),
                              const char* file = __builtin_FILE())
        : lathe_sim::BlockChannel<T>(name.c_str(), Depth, {file, line}) {}
};

/// The next block to be filled, an array by its conversion; it is handed on when the lock ends.
template <class T> class write_lock {
  public:
    explicit write_lock(lathe_sim::BlockChannel<T>& channel, const char* file = __builtin_FILE(),
                        int line = __builtin_LINE())
        : channel(channel), block(channel.lock_to_write({file, line})) {}
    write_lock(const write_lock&) = delete;
    write_lock& operator=(const write_lock&) = delete;
    ~write_lock() { channel.unlock_written(); }
    operator T&() { return block; }

  private:
    lathe_sim::BlockChannel<T>& channel;
    T& block;
};

/// The oldest filled block; it can be filled again when the lock ends.
template <class T> class read_lock {
  public:
    explicit read_lock(lathe_sim::BlockChannel<T>& channel, const char* file = __builtin_FILE(),
                       int line = __builtin_LINE())
        : channel(channel), block(channel.lock_to_read({file, line})) {}
    read_lock(const read_lock&) = delete;
    read_lock& operator=(const read_lock&) = delete;
    ~read_lock() { channel.unlock_read(); }
    operator T&() { return block; }

  private:
    lathe_sim::BlockChannel<T>& channel;
    T& block;
};

} // namespace hls

#endif
