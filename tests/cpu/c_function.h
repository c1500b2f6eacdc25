#pragma once
/// \file Generated functions as C programs call them: compiled ahead of time, with the generated header, into
/// a shared library whose runtime (errors, memory, threads) is the test's.

#include "lathe/codegen/compile.h"

#include <HalideRuntime.h>
#include <functional>
#include <string>
#include <vector>

/// What halide_error and the like do, and what they saw.
struct TestRuntime {
    std::vector<std::string> errors;
    std::vector<void*> contexts;                ///< of the errors
    int allocated = 0, live = 0, most_live = 0; ///< blocks of memory
    int allocations_left = 1 << 30;             ///< then memory has run out
    std::vector<int> tasks;         ///< iterations of parallel loops, in the order in which they ran
    std::vector<uint64_t> features; ///< of the machine, as halide_can_use_target_features knows them
    int pool_code = 0;              ///< what halide_do_par_for returns instead of running anything, unless 0
};

/// A halide_buffer_t over memory of its own, with room around it that shows what was written outside.
template <class T> class CBuffer {
  public:
    /// Outermost dimension first; dense, unless strides (in elements) say otherwise.
    explicit CBuffer(std::vector<int> extents, std::vector<int> strides = {}, std::vector<int> mins = {});

    operator halide_buffer_t*() { return &buffer; }
    halide_buffer_t* operator->() { return &buffer; }
    T& operator()(std::vector<int> at); ///< subscripts from the mins on
    halide_dimension_t& dim(int d) {
        return dims[dims.size() - 1 - static_cast<size_t>(d)];
    } ///< outermost first
    /// Whether the memory between and around the rows is as it was.
    bool padding_untouched() const;
    const std::vector<T>& all() const { return memory; }

  private:
    static constexpr T filler = static_cast<T>(0x5a);
    std::vector<halide_dimension_t> dims;
    std::vector<T> memory;
    std::vector<bool> element; ///< of memory: belongs to the tensor
    halide_buffer_t buffer{};
};

template <class T>
CBuffer<T>::CBuffer(std::vector<int> extents, std::vector<int> strides, std::vector<int> mins) {
    const size_t rank = extents.size();
    if (mins.empty()) mins.assign(rank, 0);
    if (strides.empty()) {
        strides.assign(rank, 1);
        for (size_t d = rank; d-- > 1;)
            strides[d - 1] = strides[d] * extents[d];
    }
    int low = 0, high = 0;
    bool empty = false;
    for (size_t d = 0; d < rank; ++d) {
        (strides[d] < 0 ? low : high) += strides[d] * (extents[d] - 1);
        empty |= extents[d] == 0;
    }
    if (empty) low = high = 0;
    constexpr int around = 64;
    memory.assign(static_cast<size_t>(high - low + 1 + 2 * around), filler);
    element.assign(memory.size(), false);
    const int start = around - low;
    for (size_t d = rank; d-- > 0;)
        dims.push_back({mins[d], extents[d], strides[d], 0});
    buffer.host = reinterpret_cast<uint8_t*>(&memory[static_cast<size_t>(start)]);
    buffer.type = halide_type_of<T>();
    buffer.dimensions = static_cast<int>(rank);
    buffer.dim = dims.data();
    std::vector<int> at(rank, 0);
    for (bool more = !empty; more;) {
        int place = start;
        for (size_t d = 0; d < rank; ++d)
            place += at[d] * strides[d];
        element[static_cast<size_t>(place)] = true;
        memory[static_cast<size_t>(place)] = T{};
        more = false;
        for (size_t d = rank; d-- > 0 && !more;) {
            if (++at[d] < extents[d])
                more = true;
            else
                at[d] = 0;
        }
    }
}

template <class T> T& CBuffer<T>::operator()(std::vector<int> at) {
    int place = 0;
    for (size_t d = 0; d < at.size(); ++d) {
        const halide_dimension_t& h = dims[dims.size() - 1 - d];
        place += (at[d] - h.min) * h.stride;
    }
    return reinterpret_cast<T*>(buffer.host)[place];
}

template <class T> bool CBuffer<T>::padding_untouched() const {
    for (size_t i = 0; i < memory.size(); ++i)
        if (!element[i] && memory[i] != filler) return false;
    return true;
}

class CFunction {
  public:
    /// \throws std::runtime_error if the C compiler refuses the header.
    CFunction(const lathe::Module& module, const std::string& name,
              const lathe::Target& target = lathe::Target::host());
    CFunction(const std::vector<lathe::TargetVariant>& variants, const std::string& name);
    ~CFunction();
    CFunction(const CFunction&) = delete;
    CFunction& operator=(const CFunction&) = delete;

    /// Arguments as C has them, and CBuffers.
    template <class... A> int operator()(A&&... arguments) const {
        return call(plain, as_passed(arguments)...);
    }
    template <class... A> int with_context(void* context, A&&... arguments) const {
        return call(contextual, context, as_passed(arguments)...);
    }
    int argv(void** arguments) const { return call(argv_entry, arguments); }
    const halide_filter_metadata_t& metadata() const {
        return *reinterpret_cast<const halide_filter_metadata_t* (*)()>(metadata_entry)();
    }
    std::string signature() const { return reinterpret_cast<const char* (*)()>(signature_entry)(); }
    const std::string& header() const { return header_text; }

    /// Of calls since the last look.
    static TestRuntime& runtime();

  private:
    CFunction(const std::string& name, const std::function<void(const std::string& prefix)>& compile);
    template <class T> static halide_buffer_t* as_passed(CBuffer<T>& b) { return b; }
    static halide_buffer_t* as_passed(std::nullptr_t) { return nullptr; }
    template <class T> static T as_passed(const T& x) { return x; }
    template <class... A> static int call(void* function, A... arguments) {
        return reinterpret_cast<int (*)(A...)>(function)(arguments...);
    }

    std::string folder, header_text;
    void *library = nullptr, *plain = nullptr, *contextual = nullptr, *argv_entry = nullptr,
         *metadata_entry = nullptr, *signature_entry = nullptr;
};
