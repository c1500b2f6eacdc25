#include <iostream>
#include <lathe/lathe.h>

using namespace lathe;

int main() {
    Var i("i");
    Func f("f", Int(15), {4});
    f(i) = i * 3;
    std::cout << realize(Schedule(f), {})[0].type().str() << '\n';
}
