import CPlatform
import Foundation
import Glibc
import Testing

/// What an ordinary process can see of the first process's door; QEMU sees the rest.
@Suite("The first process's door")
struct SystemTests {
    private func block(_ words: [String]) -> [UInt8] { words.flatMap { [UInt8]($0.utf8) + [0] } }

    /// Only this child is waited for: others belong to tests that run at the same time.
    private func run(_ words: [String]) -> Int32 {
        let process = platform_spawn(block(words), Int32(words.count))
        guard process > 0 else { return process }
        var status: Int32 = 0
        guard waitpid(process, &status, 0) == process else { return -1 }
        return status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F)
    }

    @Test("a child gets its words, a small environment, and a session of its own")
    func child() throws {
        let file = URL(filePath: "/tmp/martlet-\(UUID().uuidString.prefix(13))")
        defer { try? FileManager.default.removeItem(at: file) }
        let script =
            "env -u PWD -u SHLVL -u _ env | sort > \"$0\"; echo $1 >> \"$0\"; "
            + "test $(ps -o sid= -p $$) -eq $$ && exit 7"
        #expect(run(["/bin/sh", "-c", script, file.path(), "two words"]) == 7)
        #expect(
            try String(contentsOf: file, encoding: .utf8)
                == "HOME=/\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\nTERM=linux\ntwo words\n"
        )
    }

    @Test("a program that is not there ends with 127, and a signal is told from a code")
    func ends() {
        #expect(run(["/nowhere/program"]) == 127)
        #expect(run(["/bin/sh", "-c", "kill -9 $$"]) == -9)
        #expect(run([]) == 127)
        #expect(run([String](repeating: "/bin/true", count: 65)) == 127)
    }

    @Test("no signal is blocked in a child")
    func signals() {
        #expect(
            run(["/bin/grep", "-q", "^SigBlk:[[:space:]]*0*$", "/proc/self/status"]) == 0
        )
    }

    @Test("interfaces and mount points that are not there are errors of the call")
    func missing() {
        #expect(platform_interface_up(block(["nosuchif0"])) == -ENODEV)
        #expect(platform_interface_up(block([""])) == -EINVAL)
        #expect(platform_interface_up(block(["0123456789abcdef"])) == -EINVAL)
        #expect(platform_interface_set_address(block(["0123456789abcdef"]), 1, 1) == -EINVAL)
        #expect(platform_grow_ext4(block(["/nowhere"]), 1 << 20) == -ENOENT)
        #expect(platform_unmount(block(["/nowhere"]), 0) < 0)
        #expect(platform_mount(block(["x"]), block(["/nowhere"]), block(["x"]), 0, [0]) < 0)
        #expect(platform_use_console(block(["/nowhere"])) == -ENOENT)
        #expect(platform_signal(1 << 22 + 1, 0) == -ESRCH)
    }
}
