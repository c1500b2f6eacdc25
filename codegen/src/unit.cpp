#include "unit.h"

#include "lathe/ir/buffer.h"
#include "network_runtime.h"

#include <algorithm>
#include <llvm/IR/MDBuilder.h>

namespace lathe::codegen {

namespace {

/// Wide enough for any table of tensors that a kernel is written with; beyond it LLVM is told nothing.
constexpr size_t most_scopes = 256;

} // namespace

Unit::Unit(llvm::LLVMContext& context, const Target& target, const std::string& name)
    : ir(std::make_unique<llvm::Module>(name, context)), machine(target) {
    ir->setTargetTriple(target.triple());
    ir->setPICLevel(llvm::PICLevel::BigPIC);
}

Unit::~Unit() = default;

NetworkRuntime& Unit::network() {
    if (!networks) networks = std::make_unique<NetworkRuntime>(*this);
    return *networks;
}

llvm::Function* Unit::function(const std::string& name, llvm::FunctionType* type, bool exported) {
    const auto linkage = exported ? llvm::Function::ExternalLinkage : llvm::Function::InternalLinkage;
    llvm::Function* f = llvm::Function::Create(type, linkage, name, *ir);
    const std::string bits = std::to_string(machine.vector_bits());
    f->setDoesNotThrow();
    f->addFnAttr("target-cpu", machine.cpu());
    f->addFnAttr("target-features", machine.features());
    // Some CPUs' defaults would split the widest vectors.
    f->addFnAttr("prefer-vector-width", bits);
    f->addFnAttr("min-legal-vector-width", bits);
    return f;
}

llvm::FunctionCallee Unit::runtime(const char* name) {
    const std::string_view n = name;
    llvm::Type* pointer = llvm::PointerType::getUnqual(context());
    llvm::Type* i32 = llvm::Type::getInt32Ty(context());
    llvm::Type* i64 = llvm::Type::getInt64Ty(context());
    llvm::Type* nothing = llvm::Type::getVoidTy(context());
    const auto declare = [&](llvm::Type* result, llvm::ArrayRef<llvm::Type*> arguments,
                             bool variadic = false) {
        return ir->getOrInsertFunction(name, llvm::FunctionType::get(result, arguments, variadic));
    };
    if (n == "halide_error" || n == "halide_print") return declare(nothing, {pointer, pointer});
    if (n == "halide_free") return declare(nothing, {pointer, pointer});
    if (n == "halide_do_par_for") return declare(i32, {pointer, pointer, i32, i32, pointer});
    if (n == "halide_mutex_lock" || n == "halide_mutex_unlock" || n == "halide_cond_signal" ||
        n == "halide_cond_broadcast")
        return declare(nothing, {pointer});
    if (n == "halide_cond_wait") return declare(nothing, {pointer, pointer});
    if (n == "pthread_create") return declare(i32, {pointer, pointer, pointer, pointer});
    if (n == "pthread_join") return declare(i32, {i64, pointer});
    if (n == "halide_can_use_target_features") return declare(i32, {i32, pointer});
    if (n == "snprintf") return declare(i32, {pointer, i64, pointer}, true);
    invariant(n == "halide_malloc", "a function that is not of the runtime");
    llvm::FunctionCallee f = declare(pointer, {pointer, i64});
    llvm::cast<llvm::Function>(f.getCallee())->setReturnDoesNotAlias();
    return f;
}

/// A name that generated code has a use for itself.
static bool is_own(const std::string& name, const std::string& module) {
    constexpr const char* suffixes[] = {"", "_with_user_context", "_argv", "_metadata", "_signature", "_jit"};
    constexpr const char* runtime[] = {"halide_error",          "halide_print",
                                       "halide_free",           "halide_malloc",
                                       "halide_do_par_for",     "halide_can_use_target_features",
                                       "halide_mutex_lock",     "halide_mutex_unlock",
                                       "halide_cond_wait",      "halide_cond_signal",
                                       "halide_cond_broadcast", "pthread_create",
                                       "pthread_join",          "snprintf"};
    return std::ranges::any_of(suffixes, [&](const char* s) { return name == module + s; }) ||
           std::ranges::count(runtime, name) != 0;
}

llvm::FunctionCallee Unit::extern_function(const std::string& name, llvm::FunctionType* type, Loc loc) {
    const llvm::GlobalValue* known = ir->getNamedValue(name);
    const auto* function = llvm::dyn_cast_or_null<llvm::Function>(known);
    if (is_own(name, ir->getName().str()) || (known && (!function || function->getFunctionType() != type)))
        ir::fail(loc,
                 "the extern function {} has a name that means something else in the code of {}: rename it",
                 name, ir->getName().str());
    return ir->getOrInsertFunction(name, type);
}

llvm::Constant* Unit::text(const std::string& s) {
    llvm::Constant*& t = texts[s];
    if (!t) t = llvm::IRBuilder<>(context()).CreateGlobalString(s, "text", 0, ir.get());
    return t;
}

llvm::Constant* Unit::table(const std::string& name, llvm::Constant* value) {
    auto* global = llvm::cast<llvm::GlobalVariable>(ir->getOrInsertGlobal(name, value->getType()));
    global->setInitializer(value);
    global->setConstant(true);
    global->setLinkage(llvm::GlobalValue::PrivateLinkage);
    return global;
}

llvm::Constant* Unit::elements(const Tensor& t) {
    const size_t size = element_bytes(t.type);
    std::vector<std::byte> bytes(t.data->size() * size);
    for (size_t i = 0; i < t.data->size(); ++i)
        store_element(t.type, &bytes[i * size], (*t.data)[i]);
    const llvm::StringRef raw(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    llvm::Constant* data = llvm::ConstantDataArray::getString(context(), raw, false);
    llvm::Constant* global = table("data." + std::to_string(data_tensors++), data);
    llvm::cast<llvm::GlobalVariable>(global)->setAlignment(llvm::Align(64));
    return global;
}

void Unit::separate(const std::vector<Symbol>& tensors) {
    if (tensors.size() > most_scopes) return;
    llvm::MDBuilder builder(context());
    llvm::MDNode* domain = builder.createAnonymousAliasScopeDomain("tensors");
    std::vector<llvm::Metadata*> all;
    for (const Symbol& t : tensors)
        all.push_back(builder.createAnonymousAliasScope(domain, t.name()));
    for (size_t i = 0; i < tensors.size(); ++i) {
        std::vector<llvm::Metadata*> others = all;
        others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
        scopes[tensors[i]] = {llvm::MDNode::get(context(), {all[i]}), llvm::MDNode::get(context(), others)};
    }
}

void Unit::mark(llvm::Instruction* access, const Symbol& tensor) const {
    const auto it = scopes.find(tensor);
    if (it == scopes.end()) return;
    access->setMetadata(llvm::LLVMContext::MD_alias_scope, it->second.first);
    access->setMetadata(llvm::LLVMContext::MD_noalias, it->second.second);
}

} // namespace lathe::codegen
