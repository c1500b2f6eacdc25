#include <lathe/lathe.h>

#include <iostream>

int main() {
    std::cout << lathe::Int(15).str() << '\n';
}
