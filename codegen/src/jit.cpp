#include "lathe/codegen/jit.h"
#include "lathe/ir/inline_calls.h"

#include "backend.h"
#include "lathe/ir/buffer.h"
#include "lathe/ir/visit.h"
#include "object_code.h"

#include <llvm/ExecutionEngine/Orc/LLJIT.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <pthread.h>

// Lathe's runtime, and what LLVM calls for operations that the CPU lacks.
extern "C" {
void* halide_malloc(void* user_context, size_t size);
void halide_free(void* user_context, void* memory);
int halide_do_par_for(void* user_context, int (*task)(void*, int, uint8_t*), int min, int size,
                      uint8_t* closure);
void halide_mutex_lock(void* mutex);
void halide_mutex_unlock(void* mutex);
void halide_cond_wait(void* condition, void* mutex);
void halide_cond_signal(void* condition);
void halide_cond_broadcast(void* condition);
__extension__ __int128 __divti3(__int128, __int128);
__extension__ __int128 __modti3(__int128, __int128);
__extension__ unsigned __int128 __udivti3(unsigned __int128, unsigned __int128);
__extension__ unsigned __int128 __umodti3(unsigned __int128, unsigned __int128);
}

namespace lathe {

using namespace ir;
using namespace codegen;

namespace {

using codegen::Abi;
using codegen::BufferArgument;
using codegen::ScalarArgument;

/// The user context of a call: what went wrong first.
struct Failure {
    std::mutex mutex;
    std::string message;
};

void record_error(void* user_context, const char* message) {
    auto* f = static_cast<Failure*>(user_context);
    const std::lock_guard lock(f->mutex);
    if (f->message.empty()) f->message = message;
}

void print_line(void*, const char* line) {
    std::fputs(line, stdout);
}

template <class T> T must(llvm::Expected<T> x) {
    if (!x) throw InternalError("LLVM's JIT: " + llvm::toString(x.takeError()));
    return std::move(*x);
}

void must(llvm::Error e) {
    if (e) throw InternalError("LLVM's JIT: " + llvm::toString(std::move(e)));
}

llvm::orc::SymbolMap runtime_symbols(llvm::orc::LLJIT& j) {
    llvm::orc::SymbolMap symbols;
    const auto add = [&](const char* name, auto* function) {
        symbols[j.mangleAndIntern(name)] = {llvm::orc::ExecutorAddr::fromPtr(function),
                                            llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable};
    };
    using OfDouble = double (*)(double);
    using OfFloat = float (*)(float);
    add("halide_error", &record_error);
    add("halide_print", &print_line);
    add("halide_malloc", &halide_malloc);
    add("halide_free", &halide_free);
    add("halide_do_par_for", &halide_do_par_for);
    add("halide_mutex_lock", &halide_mutex_lock);
    add("halide_mutex_unlock", &halide_mutex_unlock);
    add("halide_cond_wait", &halide_cond_wait);
    add("halide_cond_signal", &halide_cond_signal);
    add("halide_cond_broadcast", &halide_cond_broadcast);
    add("pthread_create", &pthread_create);
    add("pthread_join", &pthread_join);
    add("snprintf", &std::snprintf);
    add("memcpy", &std::memcpy);
    add("memmove", &std::memmove);
    add("memset", &std::memset);
    add("fma", static_cast<double (*)(double, double, double)>(&::fma));
    add("fmaf", static_cast<float (*)(float, float, float)>(&::fmaf));
    add("fmaxf",
        static_cast<float (*)(float, float)>(&::fmaxf)); // LLVM's way to compare halves with a constant
    add("fminf", static_cast<float (*)(float, float)>(&::fminf));
    add("floor", static_cast<OfDouble>(&::floor));
    add("floorf", static_cast<OfFloat>(&::floorf));
    add("ceil", static_cast<OfDouble>(&::ceil));
    add("ceilf", static_cast<OfFloat>(&::ceilf));
    add("trunc", static_cast<OfDouble>(&::trunc));
    add("truncf", static_cast<OfFloat>(&::truncf));
    add("roundeven", static_cast<OfDouble>(&::roundeven));
    add("roundevenf", static_cast<OfFloat>(&::roundevenf));
    add("__divti3", &__divti3);
    add("__modti3", &__modti3);
    add("__udivti3", &__udivti3);
    add("__umodti3", &__umodti3);
    return symbols;
}

void check_buffer(const BufferArgument& a, const AnyBuffer* given) {
    const std::string& name = a.tensor.symbol.name();
    if (!given) fail(a.tensor.loc, "the argument {} has no buffer", name);
    const auto numbers = [](Type t) { return t.with_modes(Round::trn, Overflow::wrap); };
    if (numbers(given->type()) != numbers(a.type))
        fail(a.tensor.loc, "the argument {} is of {}, and its buffer is of {}", name, a.type.str(),
             given->type().str());
    if (given->rank() != a.rank())
        fail(a.tensor.loc, "the argument {} has {} dimensions, and its buffer has {}", name, a.rank(),
             given->rank());
}

bool same_number(const Value& a, const Value& b) {
    const auto finite = [](const Value& v) { return !v.type().is_float() || std::isfinite(v.as_double()); };
    if (finite(a) && finite(b)) return a.as_rational() == b.as_rational();
    return a.is_nan() ? b.is_nan() : a.as_double() == b.as_double();
}

/// Adds the functions that the code calls, from those who gave them. \throws Error for one without an
/// address.
void add_extern(const Module& module, llvm::orc::LLJIT& j, llvm::orc::SymbolMap& symbols) {
    const llvm::orc::SymbolMap runtime = symbols;
    for (const ExternCall* c : extern_calls(module)) {
        const std::string& name = c->callee->name;
        if (!c->callee->address)
            fail(c->loc, "the extern function {} is known by its name only: give its address to run it here",
                 name);
        const auto address = llvm::orc::ExecutorAddr::fromPtr(c->callee->address);
        const auto known = symbols
                               .try_emplace(j.mangleAndIntern(name), address,
                                            llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable)
                               .first;
        if (runtime.contains(known->first) || known->second.getAddress() != address)
            fail(c->loc, "there is another function that is called {}: rename the extern one", name);
    }
}

/// The scalar as it lies in memory.
std::vector<std::byte> scalar_bytes(const ScalarArgument& s, const std::map<std::string, Value>& scalars) {
    const auto it = scalars.find(s.symbol.name());
    if (it == scalars.end())
        fail({}, "the parameter {} has no value, and no buffer's extent gives one", s.symbol.name());
    const Value& given = it->second;
    const Value x = cast(s.type, given);
    const bool rounded_literal = given.type().is_real() && s.type.is_float();
    if (!rounded_literal && !same_number(x, given))
        fail({}, "the parameter {} is of {}, and its value {} is not", s.symbol.name(), s.type.str(),
             given.str());
    const Type memory = s.machine.is_index() ? Int(64) : s.machine;
    std::vector<std::byte> bytes(element_bytes(memory));
    store_element(memory, bytes.data(),
                  s.type.is_fixed() ? Value::from_raw(memory, x.raw()) : cast(memory, x));
    return bytes;
}

/// Scalars that buffers bind too must agree with them.
void check_sizes(const Abi& abi, const std::vector<AnyBuffer*>& arguments,
                 const std::map<std::string, Value>& scalars) {
    for (const auto& [name, value] : scalars) {
        const auto has_name = [&](const auto& s) { return s.symbol.name() == name; };
        if (std::ranges::any_of(abi.scalars, has_name)) continue;
        const auto size = std::ranges::find_if(abi.sizes, has_name);
        if (size == abi.sizes.end()) fail({}, "{} has no parameter {}", abi.name, name);
        const codegen::SizePlace& at = size->places.front();
        const AnyBuffer& from = *arguments[at.buffer];
        const int64_t bound = at.is_min ? from.min(at.dimension) : from.extent(at.dimension);
        if (!same_number(value, Value::index(bound)))
            fail({}, "the parameter {} is given as {}, and a buffer makes it {}", name, value.str(), bound);
    }
}

} // namespace

struct JitFunction::Code {
    Abi abi;
    std::unique_ptr<llvm::orc::LLJIT> jit;
    int (*entry)(void* user_context, void** arguments) = nullptr;
};

void JitFunction::call(const std::vector<AnyBuffer*>& arguments,
                       const std::map<std::string, Value>& scalars) const {
    const Abi& abi = code->abi;
    if (arguments.size() != abi.buffers.size())
        fail({}, "{} takes {} tensors and is called with {}", abi.name, abi.buffers.size(), arguments.size());
    std::vector<void*> pointers;
    std::vector<std::unique_ptr<HalideView>> views;
    for (size_t i = 0; i < arguments.size(); ++i) {
        check_buffer(abi.buffers[i], arguments[i]);
        const Tensor& t = abi.buffers[i].tensor;
        views.push_back(std::make_unique<HalideView>(*arguments[i], t.symbol.name(), t.loc));
        pointers.push_back(views.back()->address());
    }
    std::vector<std::vector<std::byte>> bytes;
    for (const ScalarArgument& s : abi.scalars) {
        bytes.push_back(scalar_bytes(s, scalars));
        pointers.push_back(bytes.back().data());
    }
    check_sizes(abi, arguments, scalars);
    Failure failure;
    if (const int status = code->entry(&failure, pointers.data()); status != 0) {
        if (failure.message.empty())
            failure.message = fmt::format("{} failed with code {}", abi.name, status);
        throw Error({}, failure.message);
    }
}

JitFunction jit(const Module& module, const Target& target) {
    Target::host().must_run(target);
    codegen::Compiled compiled = codegen::compile(module, target, "", codegen::Callers::jit);
    const auto object = codegen::object_code(*compiled.module, target);

    auto code = std::make_shared<JitFunction::Code>();
    code->abi = std::move(compiled.abi);
    llvm::orc::LLJITBuilder builder;
    builder.setJITTargetMachineBuilder(llvm::orc::JITTargetMachineBuilder(llvm::Triple(target.triple())));
    builder.setPlatformSetUp(llvm::orc::setUpInactivePlatform);
    builder.setLinkProcessSymbolsByDefault(false);
    code->jit = must(builder.create());
    llvm::orc::JITDylib& library = code->jit->getMainJITDylib();
    llvm::orc::SymbolMap symbols = runtime_symbols(*code->jit);
    add_extern(module, *code->jit, symbols);
    must(library.define(llvm::orc::absoluteSymbols(std::move(symbols))));
    const llvm::StringRef bytes(object.data(), object.size());
    must(code->jit->addObjectFile(llvm::MemoryBuffer::getMemBufferCopy(bytes, code->abi.name)));
    code->entry = must(code->jit->lookup(codegen::jit_name(code->abi))).toPtr<int(void*, void**)>();
    JitFunction f;
    f.code = std::move(code);
    return f;
}

} // namespace lathe
