// Made from targets/*.yaml by tools/target-table; a test keeps them equal.

/// The profiles that the agent knows, one line each (`MachineProfile`), sorted by name.
package enum MachineProfileTable {
    package static let text: StaticString = """
        aarch64-dotprod aarch64 asimd,asimddp 65536 268435456
        aarch64-i8mm aarch64 asimd,asimddp,i8mm 65536 268435456
        aarch64-neon aarch64 asimd 65536 67108864
        any x86_64,aarch64,armv7hf,riscv64 - 65536 67108864
        beaglebone-black armv7hf neon 4096 268435456 tree=ti,am335x-bone-black
        generic-aarch64 aarch64 - 65536 67108864
        generic-armv7hf armv7hf neon 4096 67108864
        generic-riscv64 riscv64 - 4096 67108864
        generic-x86_64 x86_64 - 4096 67108864
        imx8m aarch64 asimd 4096 805306368 tree=fsl,imx8mq tree=fsl,imx8mm tree=fsl,imx8mn tree=fsl,imx8mp
        jetson-orin aarch64 asimd,asimddp 65536 2147483648 tree=nvidia,tegra234
        qemu-aarch64 aarch64 asimd 65536 67108864 tree=linux,dummy-virt
        qemu-armv7hf armv7hf neon 4096 67108864 tree=linux,dummy-virt
        qemu-x86_64 x86_64 - 4096 67108864 dmi=QEMU/Standard
        raspberry-pi-3 aarch64 asimd 4096 268435456 tree=raspberrypi,3-model-b tree=raspberrypi,3-model-b-plus tree=raspberrypi,3-model-a-plus
        raspberry-pi-4 aarch64 asimd 4096 805306368 tree=raspberrypi,4-model-b tree=raspberrypi,400 tree=raspberrypi,4-compute-module
        raspberry-pi-5 aarch64 asimd,asimddp 16384 805306368 tree=raspberrypi,5-model-b tree=raspberrypi,500 tree=raspberrypi,5-compute-module
        raspberry-pi-zero-2-w aarch64 asimd 4096 268435456 tree=raspberrypi,model-zero-2-w
        x86-gateway x86_64 ssse3,sse4_1 4096 1073741824 chassis=33 chassis=34
        x86_64-avx2 x86_64 ssse3,sse4_1,avx2 4096 268435456
        x86_64-avx512-vnni x86_64 ssse3,sse4_1,avx2,avx512f,avx512bw,avx512dq,avx512vl,avx512_vnni 4096 268435456
        x86_64-sse41 x86_64 ssse3,sse4_1 4096 67108864
        """
}
