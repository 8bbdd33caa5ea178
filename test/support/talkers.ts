/** Python programs for port 7000: both send, or take, until their connection ends, and then say how it ended. */
export const takesUntilTheEnd = `
import socket
s = socket.create_server(('', 7000))
c, _ = s.accept()
try:
    while c.recv(65536): pass
    print('EOF')
except ConnectionError as e: print(type(e).__name__)
`;

/** Its arguments: the address, and how many seconds between two messages. */
export const sendsUntilTheEnd = `
import socket, sys, time
while True:
    try: c = socket.create_connection((sys.argv[1], 7000)); break
    except ConnectionError: time.sleep(0.05)
try:
    while True: c.sendall(b'x' * 1000); time.sleep(float(sys.argv[2]))
except ConnectionError as e: print(type(e).__name__)
`;
