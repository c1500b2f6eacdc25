#pragma once
/// \file Streams: how kernels that run at the same time hand values to each other.
///
///     InStream in("in", Int(32));
///     OutStream out("out", Int(32));
///     Param N("N");
///     Kernel add_one("add_one", {in, out, N}, [&](KernelBody& b) {
///         b.for_(i, 0, N, [&] { b.push(out, b.pop(in) + 1); });
///     });
///     Kernel chain("chain", {x, y}, [&](KernelBody& b) {
///         b.dataflow([&] {
///             Stream s = b.stream("s", Int(32), {9}, 2);
///             b.call(load, {x, s(0)});
///             b.spawn({{i, 8}}, add_one, {s(i), s(i + 1), M});
///             b.call(store, {s(8), y});
///         });
///     });
///
/// A stream passes tokens first in, first out; a block stream passes whole arrays. It has one writer, one
/// reader and a depth; who finds it full or empty waits. So what a network computes depends neither on its
/// depths nor on who runs when. Writer and reader must pass equally many tokens, which must not depend on
/// data.
///
/// Arrays of streams are declared, and taken by kernels, with their extents:
///
///     OutStream lanes("lanes", Int(16), {4});
///     Kernel deal("deal", {from, lanes}, [&](KernelBody& b) {
///         b.for_(i, 0, 8, [&] { b.for_(l, 0, 4, [&] { b.push(lanes(l), from(4 * i + l)); }); });
///     });
///
/// A call passes all of an array, `s`, or with the first subscripts, `s(1)`, the streams that these leave.

#include "lathe/dsl/tensor.h"

namespace lathe {

struct StreamData;
class StreamHandle;

/// A stream, or one of an array of streams, or with fewer subscripts the streams of the last dimensions.
class StreamRef {
  public:
    StreamRef(const StreamHandle& s, Loc l = Loc::current());
    /// \throws Error for more subscripts than the array has.
    StreamRef(std::shared_ptr<StreamData> s, std::vector<Expr> at, Loc l);
    const std::shared_ptr<StreamData>& data() const { return stream; }
    const std::vector<Expr>& subscripts() const { return at; }
    Loc loc() const { return location; }

  private:
    std::shared_ptr<StreamData> stream;
    std::vector<Expr> at;
    Loc location;
};

/// A stream or an array of streams, as a handle.
class StreamHandle {
  public:
    template <class... I>
        requires(Operable<I> && ...)
    StreamRef operator()(const Operand& first, I&&... rest) const {
        return {stream, subscript_list(first, std::forward<I>(rest)...), first.loc()};
    }
    const std::string& name() const;
    Type type() const; ///< of a token, or of a block's elements
    Loc loc() const;
    const std::shared_ptr<StreamData>& data() const { return stream; }

  protected:
    explicit StreamHandle(std::shared_ptr<StreamData> s) : stream(std::move(s)) {}
    std::shared_ptr<StreamData> stream;
};

/// A stream or an array of streams in a dataflow: `KernelBody::stream`.
class Stream : public StreamHandle {
  protected:
    friend class KernelBody;
    using StreamHandle::StreamHandle;
};

/// One whose tokens are arrays: `KernelBody::blocks`.
class BlockStream : public Stream {
  private:
    friend class KernelBody;
    using Stream::Stream;
};

/// A kernel's argument that it reads: a stream, or an array of streams.
class InStream : public StreamHandle {
  public:
    /// \throws Error unless the extents are numbers, each at least 1.
    InStream(Name name, Type type, const std::vector<Operand>& extents = {});
};

/// A kernel's argument that it writes.
class OutStream : public StreamHandle {
  public:
    /// \throws Error as InStream.
    OutStream(Name name, Type type, const std::vector<Operand>& extents = {});
};

/// A kernel's argument from which it drains blocks of this shape.
class InBlockStream : public StreamHandle {
  public:
    /// \throws Error as InStream, and for a shape without elements.
    InBlockStream(Name name, Type type, const std::vector<int64_t>& shape,
                  const std::vector<Operand>& extents = {});
};

/// A kernel's argument into which it fills blocks of this shape.
class OutBlockStream : public StreamHandle {
  public:
    /// \throws Error as InBlockStream.
    OutBlockStream(Name name, Type type, const std::vector<int64_t>& shape,
                   const std::vector<Operand>& extents = {});
};

/// One dimension of a view: a Range of it, or one position, which leaves the dimension out.
class ViewPart {
  public:
    ViewPart(const Range& r) : range(r), kept(true) {}
    template <class T>
        requires Operable<T>
    ViewPart(T&& x, Loc l = Loc::current())
        : range(Operand(std::forward<T>(x), l), Operand(1, l)), kept(false) {}
    Range range;
    bool kept;
};

/// A part of a tensor as an argument of a call: `view(t, {Range(8 * i, 8), 3})` is the 8 elements from 8·i in
/// dimension 0, at 3 in dimension 1, as a tensor of one dimension.
class View {
  public:
    View(std::shared_ptr<TensorData> t, std::vector<ViewPart> p, Loc l)
        : tensor(std::move(t)), parts(std::move(p)), loc(l) {}

  private:
    friend struct CallArgument;
    std::shared_ptr<TensorData> tensor;
    std::vector<ViewPart> parts;
    Loc loc;
};

} // namespace lathe
