/** Python: a server on port 5000 that says `ready`, takes one connection, and sends back whatever comes. */
export const echoServer = `
import socket
door = socket.create_server(('0.0.0.0', 5000))
print('ready', flush=True)
s = door.accept()[0]
while data := s.recv(65536): s.sendall(data)`;
